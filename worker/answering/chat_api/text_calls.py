"""Tool calls that came as text, and arguments as servers really send them.

Servers turn what a model writes into `tool_calls` with a parser for its family. Where that is missing or fails, the
call stays in the text, in the form in which the model was trained to write it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: How calls begin: Hermes and Qwen; Qwen 3 Coder and Llama 3.1; Mistral; Llama 3.
_OPENING = re.compile(r"<tool_call>|<function=|\[TOOL_CALLS\]|<\|python_tag\|>")

#: A text that is JSON from its beginning, perhaps in a Markdown fence.
_JSON = re.compile(r"\A\s*(?:```(?:json)?\s*)?[\[{]\s*[\"{]")

#: The beginning of such a text.
_JSON_BEGINS = re.compile(r"\A\s*(?:`{1,3}j?s?o?n?)?\s*[\[{]?\s*\Z")

_FUNCTION = re.compile(r"<function=([\w-]+)>(.*?)(?:</function>|(?=<function=)|\Z)", re.S)
_PARAMETER = re.compile(r"<parameter=([\w-]+)>\n?(.*?)\n?</parameter>", re.S)
_NAME_FIRST = re.compile(r"\[TOOL_CALLS\]\s*([\w-]+)\s*(?:\[ARGS\])?\s*(?=\{)")
_BETWEEN = re.compile(r"(?:\s|[,;]|```(?:json)?|</?tool_call>|\[TOOL_CALLS\]|<\|python_tag\|>|<\|e[ot][mt]_id\|>)*")


def split_calls(text: str, tools: Sequence[Mapping[str, Any]]) -> tuple[str, list[tuple[str, str]]]:
    """Return a text without the tool calls that stand in it, and the calls: name and arguments of each.

    Args:
        text: a whole answer of a model.
        tools: what the model was offered, as in a request. What names no other function is no call.
    """
    opening = _OPENING.search(text)
    begin = opening.start() if opening is not None else 0 if _JSON.match(text) else None
    if begin is None:
        return text, []
    calls = list(_calls_of(text[begin:], tools))
    names = {tool["function"]["name"] for tool in tools}
    if not calls or any(name not in names for name, _ in calls):
        return text, []
    return text[:begin].rstrip(), [(name, json.dumps(arguments)) for name, arguments in calls]


def before_calls(text: str) -> str:
    """Return the part of a text that is being written which stands before what may become a tool call."""
    if _JSON.match(text) or _JSON_BEGINS.match(text):
        return ""
    opening = _OPENING.search(text)
    return text if opening is None else text[: opening.start()]


def whole_arguments(arguments: str) -> str:
    """Return the arguments of a call as one JSON object, where that is what they mean; else as they are.

    Some servers send them twice, with an empty object before them, or as a string that holds JSON.
    """
    arguments = arguments.replace("\\u0000", "").strip() or "{}"
    values = list(_json_values(arguments))
    if len(values) == 1 and isinstance(values[0], str):
        inner = list(_json_values(values[0].strip()))
        return values[0] if len(inner) == 1 and isinstance(inner[0], Mapping) else arguments
    if len(values) == 1 and values[0] is None:
        return "{}"
    if len(values) > 1 and all(isinstance(value, Mapping) for value in values):
        return json.dumps(next((value for value in reversed(values) if value), {}))
    return arguments


def _calls_of(block: str, tools: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    functions = list(_FUNCTION.finditer(block))
    for function in functions:
        parameters = _PARAMETER.findall(function[2])
        values = list(_json_values(function[2].strip()))
        if parameters or not values:
            types = _types_of(function[1], tools)
            yield function[1], {name: _typed(value, types.get(name)) for name, value in parameters}
        elif isinstance(values[0], Mapping):
            yield function[1], values[0]
    if functions:
        return
    if (named := _NAME_FIRST.match(block)) is not None:
        for value in list(_json_values(block[named.end() :]))[:1]:
            if isinstance(value, Mapping):
                yield named[1], value
        return
    for value in _json_values(block):
        yield from _calls_in(value)


def _calls_in(value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the calls of a JSON value; what is none has an empty name, so that no part of a text is lost."""
    if isinstance(value, list):
        for entry in value:
            yield from _calls_in(entry)
        return
    if not isinstance(value, Mapping):
        yield "", {}
        return
    if isinstance(inner := value.get("tool_calls"), list):
        yield from _calls_in(inner)
        return
    value = inner if isinstance(inner := value.get("function"), Mapping) else value
    arguments = value.get("arguments", value.get("parameters", {}))
    if isinstance(arguments, str):
        arguments = next(_json_values(arguments), None)
    yield (str(value.get("name", "")), arguments) if isinstance(arguments, Mapping) else ("", {})


def _json_values(text: str) -> Iterator[Any]:
    """Yield the JSON values that a text consists of; none when anything else is in it."""
    decoder, values, position = json.JSONDecoder(strict=False), [], _skip(text, 0)
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except ValueError:
            return
        values.append(value)
        position = _skip(text, position)
    yield from values


def _skip(text: str, position: int) -> int:
    between = _BETWEEN.match(text, position)
    return position if between is None else between.end()


def _types_of(name: str, tools: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """Return the JSON types of a function's parameters by name."""
    schemas = [tool["function"].get("parameters", {}) for tool in tools if tool["function"]["name"] == name]
    return {key: part.get("type") for schema in schemas for key, part in schema.get("properties", {}).items()}


def _typed(value: str, type: object) -> object:
    if type in (None, "string"):
        return value
    return next(_json_values(value.strip()), value)
