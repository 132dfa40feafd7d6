"""The overrides of a workspace as values: the settings that result, and how two states differ."""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from worker.budgets import Budget
from worker.errors import Invalid
from worker.secret_box import SecretBox
from worker.settings import Settings
from worker.settings.overridable import OVERRIDABLE, JsonValue, Overridable, ValueRefused

#: Stands for a secret wherever one would be shown.
MASK = "(secret)"

#: The key of the installation's endpoint is never sent to an endpoint of a workspace.
_URL, _KEY = "openai_base_url", "openai_api_key"

_ENV_NAMES = {setting.env: setting.name for setting in OVERRIDABLE.values()}
_INSTALLATION = {field.name: field.metadata["env"] for field in fields(Settings)}


class SettingsRefused(Invalid):
    """Settings are not valid; nothing was changed."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(f"{name}: {problem}" for name, problem in problems.items()))
        self.problems_by_field = dict(problems)


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """The settings that a workspace overrides.

    Attributes:
        version: counts changes; 0 before the first.
        values: as JSON has them, by name.
        secrets: encrypted, by name.
        updated_at: milliseconds since 1970 UTC; None before the first change.
    """

    version: int = 0
    values: Mapping[str, JsonValue] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    updated_at: int | None = None

    @property
    def names(self) -> Sequence[str]:
        """The names of all that is overridden, in the order of the registry."""
        return [name for name in OVERRIDABLE if name in self.values or name in self.secrets]

    @property
    def unknown(self) -> Sequence[str]:
        """The names of what another version stored and this one does not know; it has no effect."""
        return tuple(name for name in (*self.values, *self.secrets) if name not in OVERRIDABLE)

    def masked(self, name: str) -> JsonValue | None:
        """Return a value as it may be shown; None where the default holds."""
        return MASK if name in self.secrets else self.values.get(name)


@dataclass(frozen=True, kw_only=True)
class Change:
    """A value before and after, as it may be shown; None is the default."""

    name: str
    before: JsonValue | None
    after: JsonValue | None

    def to_api(self) -> dict[str, Any]:
        """Return the change in the form of the API and of the audit log."""
        return {"name": self.name, "before": self.before, "after": self.after}


def loaded(new: Mapping[str, Any], *, unknown: Collection[str] = ()) -> dict[str, Any]:
    """Return values of settings by name, from values in JSON; None stays None.

    `unknown` are names of another version that are stored: they may be None, which takes them back.

    Raises:
        SettingsRefused: a name is unknown or a value has another form; with all problems.
    """
    problems: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name, value in new.items():
        if name not in OVERRIDABLE:
            if value is None and name in unknown:
                values[name] = None
            else:
                problems[name] = _unknown(name)
            continue
        try:
            values[name] = None if value is None else OVERRIDABLE[name].load(value)
        except ValueRefused as error:
            problems[name] = str(error)
    if problems:
        raise SettingsRefused(problems)
    return values


def merged(before: Overrides, values: Mapping[str, Any], box: SecretBox) -> tuple[Overrides, Sequence[Change]]:
    """Return overrides with new values (of `loaded`), and what differs; None takes an override back.

    Raises:
        SettingsRefused: the stored key would be sent to another address than the one it was given for.
        SecretsUnreadable: a secret cannot be encrypted.
    """
    kept, secrets = dict(before.values), dict(before.secrets)
    changes = []
    for name, value in values.items():
        setting = OVERRIDABLE.get(name)  # none of another version
        visible = None if setting is None else _masked(setting, value)
        if name in secrets if setting is None else setting.is_secret:
            differs = value is not None or name in secrets
            secrets.pop(name, None)
            secrets |= {} if value is None else {name: box.seal(value)}
        else:
            differs = visible != kept.get(name)
            kept.pop(name, None)
            kept |= {} if visible is None else {name: visible}
        if differs:
            changes.append(Change(name=name, before=before.masked(name), after=visible))
    moved = any(change.name == _URL for change in changes)
    if moved and _KEY in secrets and _KEY not in values:
        raise SettingsRefused({_KEY: "Give the key again, or unset it: it was given for another base URL."})
    return replace(before, values=kept, secrets=secrets), changes


def settings_with(defaults: Settings, overrides: Overrides, box: SecretBox) -> Settings:
    """Return the settings of a workspace. Overrides that this version does not know have no effect.

    Raises:
        SettingsRefused: they contradict each other or the defaults, or one has a form of another version.
        SecretsUnreadable: a secret was encrypted with another key.
    """
    known = {name: value for name, value in overrides.values.items() if name in OVERRIDABLE}
    values = loaded(known)
    values |= {name: box.open(sealed) for name, sealed in overrides.secrets.items() if name in OVERRIDABLE}
    if _URL in values:
        values.setdefault(_KEY, None)
    settings = _within_installation(replace(defaults, **values), defaults)
    accepted = set(defaults.contradictions())
    problems = [problem for problem in settings.contradictions() if problem not in accepted]
    if problems:
        raise SettingsRefused(_by_name(problems))
    return settings


def _within_installation(settings: Settings, defaults: Settings) -> Settings:
    """Let the budgets of the installation hold as well, at its prices, where its endpoint is called with its key.

    Raises:
        SettingsRefused: such a budget is in US dollars, and the installation has no price of a model.
    """
    if (settings.openai_base_url, settings.openai_api_key) != (defaults.openai_base_url, defaults.openai_api_key):
        return settings
    judge = [settings.chosen_judge] if settings.chosen_judge else []
    missing = [
        *_unpriced(defaults, defaults.budgets, [*settings.models, *judge]),
        *_unpriced(defaults, defaults.judge_budgets, judge),
    ]
    if missing:
        name = "judge_model" if set(missing) == {settings.judge_model} else "models"
        problem = (
            "A budget of the installation is in US dollars, and it has no price of "
            f"{', '.join(dict.fromkeys(missing))}: use models that it has a price of, or a key of your own."
        )
        raise SettingsRefused({name: problem})
    prices = {price[0]: price for price in (*settings.prices, *defaults.prices)}
    return replace(
        settings,
        budgets=tuple(dict.fromkeys((*settings.budgets, *defaults.budgets))),
        judge_budgets=tuple(dict.fromkeys((*settings.judge_budgets, *defaults.judge_budgets))),
        prices=tuple(prices.values()),
    )


def _unpriced(defaults: Settings, budgets: Sequence[Budget], models: Sequence[str]) -> list[str]:
    """Return the models that these budgets would count as free."""
    priced = {model for model, _prompt, _completion in defaults.prices}
    return [model for model in models if model not in priced] if any(b.unit == "usd" for b in budgets) else []


def _masked(setting: Overridable, value: Any) -> JsonValue | None:
    if value is None:
        return None
    return MASK if setting.is_secret else setting.dump(value)


def _unknown(name: str) -> str:
    if name in _INSTALLATION:
        return f"Belongs to the installation, for all workspaces: set {_INSTALLATION[name]} in the environment."
    near = difflib.get_close_matches(name, OVERRIDABLE, n=1)
    return "There is no setting of this name." + (f" Did you mean {near[0]}?" if near else "")


def _by_name(problems: Sequence[str]) -> dict[str, str]:
    """Return problems of the environment by the name of the first setting that each is about, in the words here."""
    found: dict[str, str] = {}
    for problem in problems:
        names = [_ENV_NAMES[env] for env in re.findall(r"[A-Z][A-Z_]+[A-Z]", problem) if env in _ENV_NAMES]
        text = re.sub(r"[A-Z][A-Z_]+[A-Z]", lambda match: _ENV_NAMES.get(match[0], match[0]), problem)
        name = names[0] if names else next(iter(OVERRIDABLE))
        found[name] = f"{found[name]} {text}" if name in found else text
    return found
