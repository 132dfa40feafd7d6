"""Results of tools as sentences that an answer can quote."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.+Z-]+)?")


def declared_only(found: Any, schema: Mapping[str, Any]) -> Any:
    """Return the part of a result that its schema declares; the model is given nothing else."""
    if isinstance(found, dict):
        return {
            name: declared_only(found[name], inner)
            for name, inner in schema.get("properties", {}).items()
            if name in found
        }
    if isinstance(found, list) and isinstance(schema.get("items"), Mapping):
        return [declared_only(item, schema["items"]) for item in found]
    return found


def describe(title: str, found: Any) -> str:
    """Return JSON as sentences that can be quoted, one line per record; ISO dates are also written out."""
    records = found if isinstance(found, list) else [found]
    lines = []
    for record in records:
        phrases = "; ".join(_phrases(record)) or "nothing"
        lines.append(f"{title}: {phrases}.")
    return "\n".join(lines) if lines else f"{title}: nothing was found."


def _phrases(value: Any, name: str = "") -> list[str]:
    if isinstance(value, dict):
        return [part for key, inner in value.items() for part in _phrases(inner, f"{name} {key}".strip())]
    if isinstance(value, list):
        if all(not isinstance(item, dict | list) for item in value):
            return [f"{_as_words(name)} {', '.join(map(_as_text, value))}".strip()]
        return [part for number, item in enumerate(value, 1) for part in _phrases(item, f"{name} {number}")]
    if value is None:
        return []
    return [f"{_as_words(name)} {_as_text(value)}".strip()]


def _as_words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").lower()


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(str(value).split())
    if not isinstance(value, str) or not _DATE.fullmatch(text):
        return text
    try:
        day = datetime.fromisoformat(text).date() if "T" in text else date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day.day} {day:%B} {day.year} ({text})"
