"""Templates of requests: `{argument}` and `{customer.email}` stand for values."""

import re
from collections.abc import Mapping
from typing import Any

from worker.answering.question import Question

PLACEHOLDER = re.compile(r"\{([\w.]+)\}")

#: Facts about the customer that a template may name, as `customer.` and one of these.
CUSTOMER = re.compile(r"customer\.(?:id|name|email)")


def placeholders(text: str) -> list[str]:
    """Return the names of the placeholders in a text, in their order."""
    return PLACEHOLDER.findall(text)


def customer_facts(question: Question) -> dict[str, Any]:
    """Return the known facts about a question's customer, under the names of placeholders."""
    return {f"customer.{name}": value for name, value in question.facts.items()}


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Return a JSON template with its placeholders filled; a string that is one placeholder keeps the value's type.

    A property whose value is one placeholder is left out where that has no value.
    """
    if isinstance(template, Mapping):
        return {name: fill(inner, values) for name, inner in template.items() if not _is_absent(inner, values)}
    if isinstance(template, list):
        return [fill(inner, values) for inner in template]
    if not isinstance(template, str):
        return template
    whole = PLACEHOLDER.fullmatch(template)
    if whole is not None:
        return values.get(whole[1])
    return PLACEHOLDER.sub(lambda match: as_text(values.get(match[1], "")), template)


def as_text(value: Any) -> str:
    """Return a value as it stands in a URL: `true` and `false` as in JSON."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_absent(template: Any, values: Mapping[str, Any]) -> bool:
    whole = PLACEHOLDER.fullmatch(template) if isinstance(template, str) else None
    return whole is not None and whole[1] not in values
