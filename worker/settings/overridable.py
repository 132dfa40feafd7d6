"""The settings that a workspace may override: each with the form of its value in the API, in files and in the console.

Everything else belongs to the installation: addresses, queues, models that processes load, folders on its machines.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from worker.settings import parsers
from worker.settings.settings import Settings

_MAX_CHARACTERS = 2_000
_MAX_ITEMS = 50
_NO_ITEMS = "none"  # in forms and on the command line
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

#: A value as JSON has it.
JsonValue = str | float | int | bool | Sequence[str]


class Kind(StrEnum):
    """The form of a value."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    INTEGER = "integer"
    SWITCH = "switch"
    LIST = "list"


_KINDS: Mapping[Callable[[str], object], Kind] = {
    parsers.positive_number: Kind.NUMBER,
    parsers.number: Kind.NUMBER,
    parsers.share: Kind.NUMBER,
    parsers.hours: Kind.NUMBER,
    parsers.timeout: Kind.NUMBER,
    parsers.positive_integer: Kind.INTEGER,
    parsers.integer: Kind.INTEGER,
    parsers.switch: Kind.SWITCH,
    parsers.names: Kind.LIST,
    parsers.prices: Kind.LIST,
    parsers.budgets: Kind.LIST,
    parsers.targets: Kind.LIST,
    parsers.business_hours: Kind.LIST,
}

#: The expected form where it differs from the one in an environment variable.
_EXPECTED: Mapping[Callable[[str], object], str] = {
    parsers.switch: "true or false",
    parsers.names: "a list of names",
    parsers.prices: "a list of prices such as `gpt-4o-mini=0.15/0.60`",
    parsers.budgets: "a list of budgets such as `day=20usd` and `conversation=50000tokens`",
    parsers.targets: "a list of times by priority such as `urgent=30m` and `normal=8h`",
    parsers.business_hours: "a list of a time zone, days with hours and closed dates, such as `Europe/Berlin`, "
    "`mon-fri 09:00-17:30` and `2026-12-25`",
    str: "a text of one line",
}


class ValueRefused(ValueError):
    """A value does not have the form of its setting; the message says which form that is."""


@dataclass(frozen=True, kw_only=True)
class Overridable:
    """A setting that a workspace may override.

    Attributes:
        name: its name in the API, in files and on the command line; that of the field of `Settings`.
        area: the part of the console that shows it.
        label: its name in the console.
        env: the environment variable with the default of all workspaces.
        reader: what reads it: `answer` with each message, `callback` with each delivery, `sweeper` every few seconds,
            `request` with each request of the console.
        choices: the values that it may have, if those are words.
        is_secret: it is encrypted in the database and never shown.
        is_emptiable: whether its list may be empty.
    """

    name: str
    area: str
    label: str
    env: str
    help: str
    reader: str
    kind: Kind
    parse: Callable[[str], Any]
    expected: str
    choices: tuple[str, ...] = ()
    is_secret: bool = False
    is_emptiable: bool = False
    built_in: Any = None

    def load(self, value: Any) -> Any:
        """Return the value of `Settings` for a value in JSON.

        Raises:
            ValueRefused: it has another form.
        """
        text = self._text_of(value)
        try:
            return self.parse(text)
        except (ValueError, KeyError, ArithmeticError):
            raise self._refusal(value) from None

    def dump(self, value: Any) -> JsonValue | None:
        """Return a value of `Settings` in JSON; None where there is none."""
        if isinstance(value, tuple):
            return [_item(item) for item in value]
        return value  # type: ignore[no-any-return]  # a number, a text or a switch

    def from_text(self, text: str) -> Any:
        """Return the value in JSON that a text of a form or of the command line stands for; lists have commas or lines,
        and an empty one is `none`.

        A text that has another form is returned as it is, for `load` to refuse.
        """
        text = text.strip()
        if self.kind == Kind.LIST:
            if self.is_emptiable and text.lower() == _NO_ITEMS:
                return []
            return [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]
        if self.kind == Kind.SWITCH:
            return {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}.get(
                text.lower(), text
            )
        if self.kind in (Kind.NUMBER, Kind.INTEGER):
            try:
                return int(text) if re.fullmatch(r"[+-]?\d{1,15}", text) else float(text)
            except ValueError:
                return text
        return text

    def to_text(self, value: JsonValue | None) -> str:
        """Return a value in JSON as forms and the command line show it."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, float | int):
            return f"{value:.10g}"
        return value if isinstance(value, str) else ", ".join(value) or _NO_ITEMS

    def _text_of(self, value: Any) -> str:
        """Return a value in JSON as an environment variable has it."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        match self.kind:
            case Kind.SWITCH if isinstance(value, bool):
                return "on" if value else "off"
            case Kind.INTEGER if isinstance(value, int) and is_number and abs(value) < 10**15:
                return str(value)
            case Kind.NUMBER if is_number:
                return repr(value)
            case Kind.LIST if isinstance(value, list | tuple) and len(value) <= _MAX_ITEMS:
                if all(map(_is_item, value)) and (value or self.is_emptiable):
                    return ",".join(value)
            case Kind.TEXT | Kind.CHOICE if isinstance(value, str) and _is_line(value):
                return value.strip()
        raise self._refusal(value)

    def _refusal(self, value: Any) -> ValueRefused:
        written = "its value" if self.is_secret else repr(value)
        return ValueRefused(f"Must be {self.expected}, not {written if len(written) <= 200 else f'{written[:200]}…'}.")


def _is_line(value: str) -> bool:
    return bool(value.strip()) and len(value) <= _MAX_CHARACTERS and _CONTROL.search(value) is None


def _is_item(value: object) -> bool:
    return isinstance(value, str) and _is_line(value) and "," not in value


def _item(item: Any) -> str:
    """Return an item of a list as text: a name, a budget or a price."""
    if isinstance(item, tuple):
        model, prompt, completion = item
        return f"{model}={prompt:.10g}/{completion:.10g}"
    return str(item)


@dataclass(frozen=True, kw_only=True)
class Area:
    """A part of the settings: its name in addresses, its title, and what it is about."""

    name: str
    title: str
    about: str


#: The areas, in the order in which the console shows them.
AREAS = (
    Area(name="model", title="Language model", about="Which model writes the answers, and where it runs."),
    Area(name="checks", title="Checks of answers", about="What an answer must pass before a customer sees it."),
    Area(name="handoff", title="Handing off", about="When a human answers instead of the bot."),
    Area(
        name="sla",
        title="Service levels",
        about="By when humans reply and resolve, and in which hours that time passes. Conversations that wait now get "
        "new targets as well.",
    ),
    Area(name="access", title="Access", about="How people have to log in."),
    Area(
        name="costs",
        title="Costs",
        about="What models may cost, by the prices of the language model. With the installation's endpoint and key, "
        "its budgets and prices hold as well.",
    ),
)

#: Each setting with its area, its label and who reads it.
_ENTRIES: tuple[tuple[str, str, str, str], ...] = (
    ("answerer", "model", "Answerer", "answer"),
    ("openai_base_url", "model", "Base URL", "answer"),
    ("openai_api_key", "model", "API key", "answer"),
    ("models", "model", "Models", "answer"),
    ("prices", "model", "Prices", "answer"),
    ("model_timeout_s", "model", "Time-out in seconds", "answer"),
    ("use_tools", "model", "Offer tools", "answer"),
    ("redact_model", "model", "Hide personal data from the model", "answer"),
    ("verifier", "checks", "Verifier", "answer"),
    ("judge_model", "checks", "Model that judges", "answer"),
    ("judge_timeout_s", "checks", "Time-out of the judge in seconds", "answer"),
    ("min_confidence", "checks", "Least confidence of extractive answers", "answer"),
    ("pleasantries", "checks", "Pleasantries", "answer"),
    ("other_language", "checks", "Articles in another language", "answer"),
    ("gate_coverage", "handoff", "Coverage of the gate", "answer"),
    ("gate_risk", "handoff", "Highest risk at the gate", "answer"),
    ("max_replies_per_hour", "handoff", "Replies of the bot per hour", "answer"),
    ("resume_after_h", "handoff", "Return to the bot after hours", "sweeper"),
    ("suggestions", "handoff", "Suggest articles from agents' replies", "sweeper"),
    ("conversation_url", "handoff", "Address of a conversation for agents", "callback"),
    ("response_targets", "sla", "First response", "sweeper"),
    ("resolution_targets", "sla", "Resolution", "sweeper"),
    ("business_hours", "sla", "Business hours", "sweeper"),
    ("second_factor", "access", "Two-factor authentication", "request"),
    ("budgets", "costs", "Budgets", "answer"),
    ("judge_budgets", "costs", "Budgets of the judge", "answer"),
)

#: Lists that may be empty: without prices, budgets and targets, and never without a model.
_EMPTIABLE = {"prices", "budgets", "judge_budgets", "response_targets", "resolution_targets", "business_hours"}

#: What a workspace's endpoint of its own asks for beyond what that of the installation does.
_PARSERS: Mapping[str, Callable[[str], Any]] = {"openai_base_url": parsers.http_url}


def _entry(name: str, area: str, label: str, reader: str) -> Overridable:
    field = next(field for field in fields(Settings) if field.name == name)
    parse = _PARSERS.get(name, field.metadata["parse"])
    choices = getattr(parse, "choices", ())
    return Overridable(
        name=name,
        area=area,
        label=label,
        env=field.metadata["env"],
        help=field.metadata["help"],
        reader=reader,
        kind=Kind.CHOICE if choices else _KINDS.get(parse, Kind.TEXT),
        parse=parse,
        expected=_EXPECTED.get(parse) or parsers.EXPECTED.get(parse) or str(parse.__doc__),
        choices=choices,
        is_secret=not field.repr,
        is_emptiable=name in _EMPTIABLE,
        built_in=field.default,
    )


#: Every setting that a workspace may override, by name.
OVERRIDABLE: Mapping[str, Overridable] = {entry[0]: _entry(*entry) for entry in _ENTRIES}


def in_area(area: str) -> tuple[Overridable, ...]:
    """Return the settings of an area, in the order of its form."""
    return tuple(setting for setting in OVERRIDABLE.values() if setting.area == area)
