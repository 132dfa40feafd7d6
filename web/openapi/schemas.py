"""Schemas as clients of other languages need them: responses may gain fields, and patterns are portable."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_COMPONENTS = "#/components/schemas/"


def leave_responses_open(spec: Json) -> None:
    """Drop `additionalProperties: false` where the server sends: the next field must not break a strict client."""
    schemas = spec["components"]["schemas"]
    sent = list(_sent(spec))
    reached: set[str] = set()
    while sent:
        for node in _nodes(sent.pop()):
            if node.get("additionalProperties") is False:
                del node["additionalProperties"]
            name = str(node.get("$ref", "")).removeprefix(_COMPONENTS)
            if name in schemas and name not in reached:
                reached.add(name)
                sent.append(schemas[name])


def make_patterns_portable(spec: Json) -> None:
    r"""Write the end of a text as `$`: only Python knows `\Z`."""
    for node in _nodes(spec):
        if isinstance(node.get("pattern"), str):
            node["pattern"] = node["pattern"].replace(r"\Z", "$")


def _sent(spec: Json) -> Iterator[Any]:
    """Yield the schemas that the server sends: responses, and the bodies of webhooks and callbacks."""
    for calls in spec["paths"].values():
        for call in calls.values():
            yield call["responses"]
            yield call.get("callbacks", {})
    yield spec["webhooks"]
    yield spec["components"].get("responses", {})


def _nodes(value: Any) -> Iterator[Json]:
    """Yield all objects in a JSON value."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _nodes(inner)
