"""The reason why a server refuses a request, read from the body of its error.

Most endpoints refuse a request with a parameter that they do not know, or with messages in a form that they do not
take. Their errors name the cause in many ways.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

#: A part of a request that a server may refuse. `messages` is the form of the messages: their roles and their order.
#: `tool_messages` are those of tool calls and their results. `reserve` is the room for reasoning beside the answer.
Parameter = Literal[
    "max_tokens",
    "temperature",
    "stream_options",
    "stream",
    "tools",
    "tool_choice",
    "reasoning_effort",
    "response_format",
    "messages",
    "tool_messages",
    "reserve",
]

_NAMED: dict[Parameter, re.Pattern[str]] = {
    "tool_choice": re.compile(r"\btool[_ ]choice\b", re.I),
    "reasoning_effort": re.compile(r"\breasoning_effort\b"),
    "max_tokens": re.compile(r"\bmax_(?:completion_)?tokens\b"),
    "temperature": re.compile(r"\btemperature\b"),
    "stream_options": re.compile(r"\bstream_options\b|\binclude_usage\b"),
    "tools": re.compile(r"\btools?\b|\btool[_ ](?:use|calling|choice)\b|\bfunction calling\b", re.I),
    "response_format": re.compile(
        r"\bresponse_format\b.* must be|\bresponse_format\b|\bjson[ _](?:mode|object|schema)\b", re.I
    ),
    "stream": re.compile(r"\bstream\b|\bstreaming\b", re.I),
}
_ROLES = re.compile(
    r"system role|role[s']? .{0,40}alternat|alternat.{0,40}roles?|only .{0,40}roles are supported|only .?user.? and"
    r" .?assistant.? roles|roles? .{0,20}not supported|more assistant messages at the end",
    re.I | re.S,
)
_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|too long|maximum .{0,30}tokens|exceeds? .{0,40}tokens|at least 1, got -", re.I
)

#: Refusals of what is sent with a parameter, not of the parameter.
_OF_CONTENT = re.compile(r"messages?\b.{0,40}\brole|tool_use_id|tool_call_id|tool_calls?\b.{0,30}must", re.I | re.S)
_CONTENT_CODES = ("invalid_function_parameters", "context_length_exceeded", "string_above_max_length")

#: Refusals of the messages of tool calls: without the tools, of their ids, their number, or of what came with them.
_OF_TOOL_MESSAGES = re.compile(
    r"without .{0,3}tools=|`tools=` param|toolconfig field must be defined|must define tools|tool call id was"
    r"|number of function calls and responses|thought_signature|reasoning_content|reasoning_details"
    r"|unexpected role .?tool|role .?tool.? (?:is )?not",
    re.I | re.S,
)
_CEILING = re.compile(r"(?:at most|less than or equal to|maximum(?: value)?(?: is| of)?|<=) ?(\d{2,7})", re.I)
_UNSUPPORTED = re.compile(
    r"not (?:\w+ ){0,2}(?:support|permit|allow|enabl)|n't support|unsupported|unknown|unrecogni[sz]ed|unexpected|extra"
    r"|requires|no endpoints|not a valid|cannot find|deprecated|must be verified|must be .json_schema|must be strictly"
    r"|must be (?:greater|positive|>|1\b)|only .{0,12} is (?:allowed|supported)|does not match any|invalid",
    re.I,
)

#: The model failed at a tool call or at JSON, and the server reports that as a refusal (Groq).
_FAILED_GENERATION: dict[str, tuple[str, Parameter]] = {
    "tool_use_failed": ("tools", "tools"),
    "json_validate_failed": ("response_format", "response_format"),
}


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The part of a request for which it is refused.

    Attributes:
        ceiling: the highest value that the server takes instead.
        lasting: other requests are refused for it as well; otherwise only what the model wrote this time.
    """

    parameter: Parameter
    ceiling: int | None = None
    lasting: bool = True


def refusal_of(status: int, payload: object, sent: Mapping[str, Any]) -> Refusal | None:
    """Return the reason why a server refuses a request, or None when another request would be refused as well.

    Args:
        status: the HTTP status of the refusal.
        payload: its body, parsed where it is JSON.
        sent: the body of the request.
    """
    if status not in (400, 404, 422, 500, 501):
        return None
    error = _error_of(payload)
    message = _text_of(error)
    if (failed := _failed_generation(error, sent)) is not None:
        return failed
    if _OF_TOOL_MESSAGES.search(message) and has_tool_messages(sent):
        return Refusal(parameter="tool_messages")
    if _ROLES.search(message):
        return Refusal(parameter="messages") if len(sent.get("messages", ())) > 1 else None
    if _OF_CONTENT.search(message):
        return Refusal(parameter="tool_messages") if has_tool_messages(sent) else None
    if status in (404, 500, 501) and not (_NAMED["tools"].search(message) and _UNSUPPORTED.search(message)):
        return None
    if error.get("code") == "context_length_exceeded" or _TOO_LONG.search(message):
        return Refusal(parameter="reserve")
    if error.get("code") in _CONTENT_CODES:
        return None
    return _named_parameter(error, message, sent)


def has_tool_messages(body: Mapping[str, Any]) -> bool:
    """Whether a request holds the result of a tool call."""
    return any(message["role"] == "tool" for message in body.get("messages", ()))


def error_text(payload: object) -> str:
    """Return the message of an error's body, shortened for a log or a handoff."""
    return " ".join(_text_of(_error_of(payload)).split())[:200]


def _failed_generation(error: Mapping[str, Any], sent: Mapping[str, Any]) -> Refusal | None:
    name, parameter = _FAILED_GENERATION.get(str(error.get("code")), ("", "tools"))
    if name not in sent:
        return None
    if "tool_choice" in sent:  # it was told to call none, and called one
        return Refusal(parameter="tool_choice")
    return Refusal(parameter=parameter, lasting=False)


def _named_parameter(error: Mapping[str, Any], message: str, sent: Mapping[str, Any]) -> Refusal | None:
    """Return the parameter that an error names, in a field of its own or in its text."""
    named = [str(error.get("param") or ""), *_locations(error)]
    if "tools" in sent and ("reasoning_effort" in named or _NAMED["reasoning_effort"].search(message)):
        return Refusal(parameter="reasoning_effort")
    for name in named:
        if name in sent and (parameter := _parameter(name)) is not None:
            return _refusal(parameter, message)
    if _UNSUPPORTED.search(message) or _CEILING.search(message):
        for parameter, pattern in _NAMED.items():
            if pattern.search(message) and any(_parameter(name) == parameter for name in sent):
                return _refusal(parameter, message)
    return None


def _refusal(parameter: Parameter, message: str) -> Refusal:
    found = _CEILING.search(message) if parameter == "max_tokens" else None
    return Refusal(parameter=parameter, ceiling=int(found[1]) if found is not None else None)


def _parameter(name: str) -> Parameter | None:
    match name:
        case "max_tokens" | "max_completion_tokens":
            return "max_tokens"
        case (
            "temperature"
            | "stream_options"
            | "stream"
            | "tools"
            | "tool_choice"
            | "reasoning_effort"
            | "response_format"
        ):
            return name
        case _:
            return None


def _error_of(payload: object) -> Mapping[str, Any]:
    """Return the error of a body: OpenAI puts it under `error`, Gemini into a list, FastAPI under `detail`."""
    if isinstance(payload, list) and payload:
        payload = payload[0]
    if not isinstance(payload, Mapping):
        return {"message": str(payload or "")}
    inner = payload.get("error", payload)
    return inner if isinstance(inner, Mapping) else {"message": str(inner)}


def _text_of(error: Mapping[str, Any]) -> str:
    """Return the message of an error, with what the server behind a gateway said (OpenRouter, under `metadata`)."""
    message = error.get("message", error.get("detail", ""))
    if isinstance(message, Mapping):
        message = message.get("detail", message)
    if isinstance(message, list):  # of pydantic, which repeats what was sent under `input`
        entries = (entry for entry in message if isinstance(entry, Mapping))
        return "; ".join(f"{_path(entry)}: {entry.get('msg', '')}" for entry in entries)
    text = message if isinstance(message, str) else json.dumps(message)
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, Mapping) else None
    return f"{text}: {raw}" if isinstance(raw, str) and raw else text


def _path(entry: Mapping[str, Any]) -> str:
    location = entry.get("loc")
    return ".".join(map(str, location)) if isinstance(location, list) else ""


def _locations(error: Mapping[str, Any]) -> list[str]:
    """Return the names of the fields that a validation error of pydantic names (Mistral, FastAPI servers)."""
    detail: object = error.get("detail") or error.get("message")
    if isinstance(detail, Mapping):
        detail = detail.get("detail")
    if not isinstance(detail, list):
        return []
    locations = [entry.get("loc") for entry in detail if isinstance(entry, Mapping)]
    return [str(part) for location in locations if isinstance(location, list) for part in location if part != "body"]
