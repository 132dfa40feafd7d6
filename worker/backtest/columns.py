"""Find the fields of a past ticket by the names of columns."""

import re
from collections.abc import Iterable, Mapping

from worker.errors import Invalid

#: The fields, and the names of columns that hold them unless `--column` says otherwise, best first.
NAMES: Mapping[str, tuple[str, ...]] = {
    "question": (
        "question",
        "customer message",
        "first message",
        "message",
        "description",
        "body",
        "text",
        "request",
        "inquiry",
        "frage",
        "nachricht",
        "anfrage",
        "pregunta",
    ),
    "reply": (
        "reply",
        "answer",
        "response",
        "human reply",
        "agent reply",
        "agent response",
        "first reply",
        "last reply",
        "solution",
        "resolution",
        "antwort",
        "lösung",
        "respuesta",
    ),
    "subject": ("subject", "ticket subject", "title", "betreff", "asunto"),
    "id": ("id", "ticket id", "ticket", "number", "conversation id", "key"),
}

#: Accepted after `--column` for the same fields.
_ALIASES = {"answer": "reply"}


def parse(options: Iterable[str]) -> dict[str, str]:
    """Return the columns by field that options such as `question=Ticket description` name.

    Raises:
        Invalid: an option is not like that, or names no field.
    """
    chosen: dict[str, str] = {}
    for option in options:
        field, sign, column = option.partition("=")
        field = _ALIASES.get(field.strip(), field.strip())
        if not sign or field not in NAMES or not column.strip():
            raise Invalid(f"--column {option}: write FIELD=NAME, with one of the fields {', '.join(NAMES)}.")
        chosen[field] = column.strip()
    return chosen


def find(columns: Iterable[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the column of each field that has one.

    Raises:
        Invalid: a chosen column is missing, or there is none for the question or the reply.
    """
    known: dict[str, str] = {}
    for column in columns:
        known.setdefault(plain(column), column)
    found: dict[str, str] = {}
    for field, names in NAMES.items():
        if field in chosen:
            if plain(chosen[field]) not in known:
                raise Invalid(f"There is no column {chosen[field]}; there are: {_listed(known)}.")
            found[field] = known[plain(chosen[field])]
            continue
        by_name = next((known[name] for name in names if name in known and known[name] not in chosen.values()), None)
        if by_name is not None:
            found[field] = by_name
    if "question" not in found and "subject" in found:
        found["question"] = found["subject"]
    missing = [field for field in ("question", "reply") if field not in found]
    if missing:
        raise Invalid(
            f"No column is known to hold the {' and the '.join(missing)}; there are: {_listed(known)}. "
            f"Name it: --column {missing[0]}=NAME."
        )
    return found


def plain(name: str) -> str:
    """Return a name as names are compared: `Ticket_ID`, `ticketId` and `ticket id` are the same."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.strip().lstrip("\ufeff"))
    return " ".join(re.split(r"[\s_.-]+", spaced.casefold())).strip()


def _listed(known: Mapping[str, str]) -> str:
    return ", ".join(list(known.values())[:20]) or "none"
