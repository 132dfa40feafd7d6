"""The parameters that a model at an OpenAI-compatible endpoint accepts: known, or learned from what it refuses.

Endpoints differ in what they accept, and most refuse a request with a parameter they do not know. A refusal names the
parameter, so the request is sent again without it, and the process remembers that for this model.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from worker.answering.chat_api.message_forms import as_one_message, without_tool_messages
from worker.answering.chat_api.refusals import Parameter, Refusal

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

#: GPT-5.4 and later call functions through chat completions only when they do not reason. Those for the Responses API
#: alone are left out, and names with a gateway's prefix: OpenRouter asks them through the Responses API.
_TOOLS_WITHOUT_REASONING = re.compile(r"^gpt-5\.(?:[4-9]|\d\d)(?!.*(?:pro|codex|chat))", re.I)

#: Models of Bedrock by their ids, and gateways' names for it. Bedrock has no way to keep tools and forbid a call.
_BEDROCK = re.compile(
    r"\bbedrock\b|\b(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|qwen|openai)\."
    r"(?:claude|nova|titan|llama|mi[sx]tral|command|jamba|r1|v3|qwen|gpt)",
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
        tool_choice: it accepts `tool_choice`, which forbids a call; else tools are left out of such a request.
        tool_messages: it accepts the messages of tool calls; else they are written as text.
        reasoning_effort: sent with tools where it has to be.
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
    tool_choice: bool = True
    tool_messages: bool = True
    reasoning_effort: str | None = None
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
        may_call: bool = True,
        max_tokens: int,
        as_json: bool = False,
    ) -> dict[str, Any]:
        """Return the JSON body of `POST /chat/completions` with the accepted parameters only.

        Args:
            may_call: the model may call the tools. Otherwise they are sent for what was called before.
        """
        offers = bool(tools) and self.tools and self.roles
        forbids = offers and not may_call
        if forbids and not (self.tool_choice and self.tool_messages):
            offers = forbids = False
        sent = list(messages) if offers and self.tool_messages else without_tool_messages(messages)
        body: dict[str, Any] = {"model": model, "messages": sent if self.roles else as_one_message(sent)}
        if self.stream:
            body["stream"] = True
            if self.stream_usage:
                body["stream_options"] = {"include_usage": True}
        if self.temperature:
            body["temperature"] = 0
        for name in self.limit_names[:1]:
            body[name] = self.limit(max_tokens)
        if offers:
            body["tools"] = list(tools)
            if self.reasoning_effort is not None:
                body["reasoning_effort"] = self.reasoning_effort
        if forbids:
            body["tool_choice"] = "none"
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
            case "tool_choice":
                return replace(self, tool_choice=False)
            case "tool_messages":
                return replace(self, tool_messages=False)
            case "reasoning_effort" if self.reasoning_effort is None:
                return replace(self, reasoning_effort="none")
            case "reasoning_effort":
                return replace(self, reasoning_effort=None, tools=False)
            case "response_format":
                return replace(self, json_mode=False)
            case "messages":
                return replace(self, roles=False)

    def after(self, refusal: Refusal) -> "Capabilities":
        """Return the capabilities with which a refused request can be sent again."""
        if refusal.ceiling is not None and (self.ceiling is None or refusal.ceiling < self.ceiling):
            return replace(self, ceiling=refusal.ceiling)
        if refusal.parameter == "reserve" and not self.reasons:
            return self
        return self.without(refusal.parameter)

    def described(self) -> list[tuple[str, str]]:
        """Return each parameter and its use, as rows for `answerback model check` and the console."""
        return [
            ("limit of tokens", next(iter(self.limit_names), "not sent")),
            ("reasoning", f"{self.reserve} tokens beside the answer" if self.reasons else "none"),
            ("temperature", "0" if self.temperature else "not sent"),
            ("streaming", "yes" if self.stream else "no: the answer comes whole"),
            ("usage in streams", "yes" if self.stream and self.stream_usage else "estimated from the limit"),
            ("tools", "yes" if self.tools and self.roles else "not offered"),
            ("last answer after tools", "no call allowed" if self.tool_choice and self.tool_messages else "as text"),
            ("JSON mode", "yes" if self.json_mode else "asked for in the prompt"),
            ("messages", "system and turns" if self.roles else "one user message"),
        ]


def known_capabilities(model: str) -> Capabilities:
    """Return the capabilities that a model's name implies, before it was ever called."""
    known = _known_of_reasoning(model)
    effort = "none" if _TOOLS_WITHOUT_REASONING.search(model) else None
    return replace(known, tool_choice=_BEDROCK.search(model) is None, reasoning_effort=effort)


def _known_of_reasoning(model: str) -> Capabilities:
    if _OPENAI_REASONING.search(model):
        # gpt-oss is served by vLLM and Ollama, which accept both names and a temperature.
        own = "gpt-oss" not in model.lower()
        names = ("max_completion_tokens", "max_tokens") if own else ("max_tokens", "max_completion_tokens")
        return Capabilities(limit_names=names, temperature=not own, reasons=True, reasons_in_text=not own)
    in_text = _REASONING.search(model) is not None
    return Capabilities(reasons=in_text or _HIDDEN_REASONING.search(model) is not None, reasons_in_text=in_text)


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
            adapted = sent.after(refusal)
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
