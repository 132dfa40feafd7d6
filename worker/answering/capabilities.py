"""The parameters that a model at an OpenAI-compatible endpoint accepts: known, or learned from what it refuses.

Endpoints differ in what they accept, and most refuse a request with a parameter they do not know. A refusal names the
parameter, so the request is sent again without it, and the process remembers that for this model.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

#: A part of a request that a server may refuse. `messages` is the form of the messages: their roles and their order.
#: `reserve` is the room for reasoning beside the answer.
Parameter = Literal[
    "max_tokens", "temperature", "stream_options", "stream", "tools", "response_format", "messages", "reserve"
]

#: Seconds for which a refusal is remembered: a server may have been updated, or the refusal a passing one.
_REMEMBERED_S = 3_600.0

#: Tokens that a model which reasons before it answers may use beside those of the answer. Endpoints count both in one
#: limit: https://platform.openai.com/docs/guides/reasoning
_REASONING_TOKENS = 4_000

#: OpenAI's reasoning models, also behind a gateway's prefix ("openai/o3-mini"): they take `max_completion_tokens` and
#: no temperature. https://platform.openai.com/docs/guides/reasoning
_OPENAI_REASONING = re.compile(r"(?:^|[/.])(?:o[1-9](?:-|$)|gpt-5(?!.*chat)|gpt-oss|codex-)", re.I)

#: Other models that reason before they answer.
_REASONING = re.compile(
    r"deepseek-r\d|\bqwq|qwen3(?!.*instruct)|magistral|thinking|reason|\bglm-[4-9]\.[5-9]|kimi-k2-t|minimax-m\d",
    re.I,
)

#: Models that reason where nobody sees it: no field and no tag shows it, but it counts in the limit.
_HIDDEN_REASONING = re.compile(r"gemini-(?:2\.5|[3-9])|grok-(?:3-mini|[4-9])", re.I)

_NAMED: dict[Parameter, re.Pattern[str]] = {
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
    r" .?assistant.? roles",
    re.I | re.S,
)
_TOO_LONG = re.compile(r"context[ _](?:length|window|size)|too long|maximum .{0,30}tokens|exceeds? .{0,40}tokens", re.I)

#: Refusals of what is sent with a parameter, not of the parameter.
_OF_CONTENT = re.compile(r"messages?\b.{0,40}\brole|tool_use_id|tool_call_id|tool_calls?\b.{0,30}must", re.I | re.S)
_CONTENT_CODES = ("invalid_function_parameters", "context_length_exceeded", "string_above_max_length")
_CEILING = re.compile(r"(?:at most|less than or equal to|maximum(?: value)?(?: is| of)?|<=) ?(\d{2,7})", re.I)
_UNSUPPORTED = re.compile(
    r"not (?:\w+ ){0,2}(?:support|permit|allow|enabl)|n't support|unsupported|unknown|unrecogni[sz]ed|unexpected|extra"
    r"|requires|no endpoints|not a valid|cannot find|deprecated|must be verified|must be .json_schema"
    r"|invalid",
    re.I,
)


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """The accepted parameters of one model at one endpoint.

    Attributes:
        limit_names: the parameters that may bound the answer; the first is sent, none when all are refused.
        ceiling: the highest limit that the endpoint accepts, where it named one.
        reasons: the model reasons before it answers, in tokens that count in that limit.
        reasons_in_text: its reasoning may come in the text, perhaps without the tag that opens it.
        reserve: the tokens for reasoning beside the answer.
        temperature: it accepts `temperature`.
        stream: it streams.
        stream_usage: it accepts `stream_options`, and so reports the usage of a stream.
        tools: it accepts `tools`.
        json_mode: it accepts `response_format`; else JSON is asked for in the prompt alone.
        roles: it accepts a system message, and turns that do not alternate; else all is sent as one user message.
    """

    limit_names: tuple[str, ...] = ("max_tokens", "max_completion_tokens")
    ceiling: int | None = None
    reasons: bool = False
    reasons_in_text: bool = False
    reserve: int = _REASONING_TOKENS
    temperature: bool = True
    stream: bool = True
    stream_usage: bool = True
    tools: bool = True
    json_mode: bool = True
    roles: bool = True

    def limit(self, max_tokens: int) -> int:
        """Return the limit of tokens to ask for so that the answer itself can have `max_tokens`."""
        limit = max_tokens + (self.reserve if self.reasons else 0)
        return limit if self.ceiling is None else min(limit, self.ceiling)

    def body(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        max_tokens: int,
        as_json: bool = False,
    ) -> dict[str, Any]:
        """Return the JSON body of `POST /chat/completions` with the accepted parameters only."""
        body: dict[str, Any] = {"model": model, "messages": list(messages) if self.roles else _one_message(messages)}
        if self.stream:
            body["stream"] = True
            if self.stream_usage:
                body["stream_options"] = {"include_usage": True}
        if self.temperature:
            body["temperature"] = 0
        for name in self.limit_names[:1]:
            body[name] = self.limit(max_tokens)
        if tools and self.tools and self.roles:
            body["tools"] = list(tools)
        if as_json and self.json_mode:
            body["response_format"] = {"type": "json_object"}
        return body

    def without(self, parameter: Parameter) -> "Capabilities":
        """Return the capabilities after `parameter` was refused: renamed where there is another name, else left out."""
        match parameter:
            case "max_tokens":
                other = self.limit_names[1:]
                # Only models that reason refuse the name that all others take.
                return replace(self, limit_names=other, reasons=self.reasons or other[:1] == ("max_completion_tokens",))
            case "reserve":
                return replace(self, reserve=0)
            case "temperature":
                return replace(self, temperature=False)
            case "stream_options":
                return replace(self, stream_usage=False)
            case "stream":
                return replace(self, stream=False)
            case "tools":
                return replace(self, tools=False)
            case "response_format":
                return replace(self, json_mode=False)
            case "messages":
                return replace(self, roles=False)

    def described(self) -> list[tuple[str, str]]:
        """Return each parameter and its use, as rows for `answerback model check` and the console."""
        return [
            ("limit of tokens", next(iter(self.limit_names), "not sent")),
            ("reasoning", f"{self.reserve} tokens beside the answer" if self.reasons else "none"),
            ("temperature", "0" if self.temperature else "not sent"),
            ("streaming", "yes" if self.stream else "no: the answer comes whole"),
            ("usage in streams", "yes" if self.stream and self.stream_usage else "estimated from the limit"),
            ("tools", "yes" if self.tools and self.roles else "not offered"),
            ("JSON mode", "yes" if self.json_mode else "asked for in the prompt"),
            ("messages", "system and turns" if self.roles else "one user message"),
        ]


def known_capabilities(model: str) -> Capabilities:
    """Return the capabilities that a model's name implies, before it was ever called."""
    if _OPENAI_REASONING.search(model):
        # gpt-oss is served by vLLM and Ollama, which accept both names and a temperature.
        own = "gpt-oss" not in model.lower()
        names = ("max_completion_tokens", "max_tokens") if own else ("max_tokens", "max_completion_tokens")
        return Capabilities(limit_names=names, temperature=not own, reasons=True, reasons_in_text=not own)
    in_text = _REASONING.search(model) is not None
    return Capabilities(reasons=in_text or _HIDDEN_REASONING.search(model) is not None, reasons_in_text=in_text)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The parameter for which a request is refused; `ceiling` is the highest value that the server takes instead."""

    parameter: Parameter
    ceiling: int | None = None

    def adapt(self, sent: Capabilities) -> Capabilities:
        """Return the capabilities with which the request can be sent again."""
        if self.ceiling is not None and (sent.ceiling is None or self.ceiling < sent.ceiling):
            return replace(sent, ceiling=self.ceiling)
        if self.parameter == "reserve" and not sent.reasons:
            return sent
        return sent.without(self.parameter)


class CapabilityMemory:
    """The capabilities of each model of one endpoint, as learned by this process in the last hour.

    Safe to share between threads.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._guard = threading.Lock()
        self._clock = clock
        self._learned: dict[str, tuple[Capabilities, float]] = {}  # each with the time it is forgotten

    def of(self, model: str) -> Capabilities:
        """Return the capabilities of a model, as far as they are known."""
        with self._guard:
            return self._current(model)

    def learn_refusal(self, model: str, refusal: Refusal, *, sent: Capabilities) -> bool:
        """Remember that a request of `sent` was refused; return whether it can be sent otherwise."""
        with self._guard:
            current = self._current(model)
            adapted = refusal.adapt(sent)
            if current == sent:  # else another thread has learned it meanwhile
                self._keep(model, adapted)
            return adapted != sent

    def learn_reasoning(self, model: str, *, in_text: bool) -> bool:
        """Remember that a model reasons, perhaps in its text; return whether that is new."""
        with self._guard:
            current = self._current(model)
            learned = replace(current, reasons=True, reasons_in_text=current.reasons_in_text or in_text)
            if learned != current:
                self._keep(model, learned)
            return not current.reasons

    def _current(self, model: str) -> Capabilities:
        capabilities, forgotten_at = self._learned.get(model, (None, 0.0))
        return capabilities if capabilities is not None and self._clock() < forgotten_at else known_capabilities(model)

    def _keep(self, model: str, capabilities: Capabilities) -> None:
        self._learned[model] = capabilities, self._clock() + _REMEMBERED_S


def refusal_of(status: int, payload: object, sent: Mapping[str, Any]) -> Refusal | None:
    """Return what a server refuses a request for, or None when another request would be refused as well.

    Args:
        status: the HTTP status of the refusal.
        payload: its body, parsed where it is JSON.
        sent: the body of the request.
    """
    if status not in (400, 404, 422, 500, 501):
        return None
    error = _error_of(payload)
    message = _text_of(error)
    if _ROLES.search(message):
        return Refusal(parameter="messages") if len(sent.get("messages", ())) > 1 else None
    if status in (404, 500, 501) and not (_NAMED["tools"].search(message) and _UNSUPPORTED.search(message)):
        return None
    if _is_about_length(error, message):
        return Refusal(parameter="reserve")
    if error.get("code") in _CONTENT_CODES or _OF_CONTENT.search(message):
        return None
    for name in (str(error.get("param") or ""), *_locations(error)):
        if name in sent and (parameter := _parameter(name)) is not None:
            return _refusal(parameter, message)
    if _UNSUPPORTED.search(message) or _CEILING.search(message):
        for parameter, pattern in _NAMED.items():
            if pattern.search(message) and any(_parameter(name) == parameter for name in sent):
                return _refusal(parameter, message)
    return None


def _is_about_length(error: Mapping[str, Any], message: str) -> bool:
    return error.get("code") == "context_length_exceeded" or _TOO_LONG.search(message) is not None


def _refusal(parameter: Parameter, message: str) -> Refusal:
    found = _CEILING.search(message) if parameter == "max_tokens" else None
    return Refusal(parameter=parameter, ceiling=int(found[1]) if found is not None else None)


def error_text(payload: object) -> str:
    """Return the message of an error's body, shortened for a log or a handoff."""
    return " ".join(_text_of(_error_of(payload)).split())[:200]


def _parameter(name: str) -> Parameter | None:
    match name:
        case "max_tokens" | "max_completion_tokens":
            return "max_tokens"
        case "temperature" | "stream_options" | "stream" | "tools" | "response_format":
            return name
        case "tool_choice":
            return "tools"
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
    message = error.get("message", error.get("detail", ""))
    if isinstance(message, Mapping):
        message = message.get("detail", message)
    if isinstance(message, list):  # of pydantic, which repeats what was sent under `input`
        entries = (entry for entry in message if isinstance(entry, Mapping))
        return "; ".join(f"{_path(entry)}: {entry.get('msg', '')}" for entry in entries)
    return message if isinstance(message, str) else json.dumps(message)


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


def _one_message(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return messages as a single one of the user, for chat templates that take no system role or other order."""
    names = {"system": "", "user": "Customer: ", "assistant": "Assistant: ", "tool": "Tool: "}
    last = len(messages) - 1
    texts = [
        ("" if position == last else names.get(str(message["role"]), "")) + str(message.get("content") or "")
        for position, message in enumerate(messages)
    ]
    return [{"role": "user", "content": "\n\n".join(text for text in texts if text)}]
