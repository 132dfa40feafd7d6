"""The messages of one exchange with a model, and its completion put together from a stream."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from worker.answering.chat_api.reasoning import has_reasoning, lacks_opening, without_reasoning
from worker.answering.chat_api.text_calls import before_calls, split_calls, whole_arguments
from worker.conversations.outcomes import Usage
from worker.redaction import Redactor, restored

#: Tokens that a chat template may add to each message.
_MAX_TEMPLATE_TOKENS = 16

#: What some servers leave around the name of a function: no name has such characters.
_FOREIGN_NAME = re.compile(r"^(?:functions|default_api|tools?)\.|<\|.*$|:\d+$", re.S)

_KNOWN_OF_CALL = ("index", "id", "type", "function")

Finish = Literal["stop", "length", "filter", "error"]

#: The end of the last whole sentence of a text that was cut off: a stop before white space, or one of an Asian script.
_LAST_STOP = re.compile(r"(?s)^(?:.*(?:[.!?…](?=[\s\"”)\]])[\"”)\]]*|[.!?]$|[。！？]|\](?=\s)|\n))?")

#: Why a model stopped, by what endpoints say (Gemini and Mistral have their own words); anything else was cut off.
_FINISHES: dict[str, Finish] = {
    "stop": "stop", "eos": "stop", "eos_token": "stop", "end_turn": "stop", "stop_sequence": "stop", "complete": "stop",
    "tool_calls": "stop", "function_call": "stop", "tool_use": "stop", "length": "length", "max_tokens": "length",
    "model_length": "length", "content_filter": "filter", "safety": "filter", "recitation": "filter",
    "blocklist": "filter", "prohibited_content": "filter", "spii": "filter", "refusal": "filter", "error": "error",
    "abort": "error", "insufficient_system_resource": "error", "function_call_filter": "error",
    "malformed_function_call": "error", "unexpected_tool_call": "error",
}  # fmt: skip

#: Where reasoning stands in a message, by server; the first is what some want back with a tool call.
_REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_text", "thinking", "reasoning_details")

#: Halves of characters beyond U+FFFF: some servers escape them in JSON and send one in each chunk.
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(kw_only=True)
class RequestedCall:
    """A tool call that the model asks for.

    Attributes:
        arguments: JSON as the model wrote it.
        others: what else the endpoint sent with the call and wants back, such as Gemini's signature of a thought.
    """

    id: str = ""
    name: str = ""
    arguments: str = ""
    others: dict[str, Any] = field(default_factory=dict)


class Completion:
    """One completion of a model, built from the chunks of its stream.

    Attributes:
        usage: tokens as the endpoint reports them; zero where it reports none.
        length: characters received, of text, reasoning and arguments.
        finish: why the model stopped; None when the stream was cut off.
        refusal: the text of a refusal that came in a field of its own.
        reasoning: reasoning that came in the field `reasoning_content`, which some endpoints want back.
        reasoning_details: reasoning as OpenRouter sends it, with the signatures that Gemini wants back.
        pieces: how often text arrived.
    """

    def __init__(self, *, reasons_in_text: bool = False, tools: Sequence[Mapping[str, Any]] = ()) -> None:
        self._reasons_in_text = reasons_in_text
        self._tools = tools
        self.usage = Usage()
        self.length = 0
        self.finish: Finish | None = None
        self.refusal = ""
        self.reasoning = ""
        self.reasoning_details: list[Any] = []
        self.pieces = 0
        self._pieces: list[str] = []
        self._half = ""  # a surrogate whose other half comes with the next chunk
        self._calls: list[tuple[object, RequestedCall]] = []  # each with its index in the stream
        self._reasoned = False

    @property
    def text(self) -> str:
        """The answer without reasoning, and without a last, unfinished sentence when the stream was cut off."""
        text = without_reasoning("".join(self._pieces), whole=True)
        if self._tools:
            text = split_calls(text, self._tools)[0]
        if self.finish not in (None, "length"):
            return text
        whole = _LAST_STOP.match(text)
        return whole[0] if whole is not None else ""

    @property
    def text_so_far(self) -> str:
        """The answer while it is written, without an end that may become a tag of reasoning.

        Empty while a model whose reasoning may begin without a tag may still be reasoning.
        """
        text = "".join(self._pieces)
        if self._reasons_in_text and not self._reasoned and not has_reasoning(text):
            return ""
        answer = without_reasoning(text, whole=False)
        return before_calls(answer) if self._tools else answer

    @property
    def has_reasoning(self) -> bool:
        """Whether the model reasoned, in a field of its own or in its text."""
        return self._reasoned or has_reasoning("".join(self._pieces))

    @property
    def reasoned_without_opening(self) -> bool:
        """Whether reasoning came in the text without the tag that opens it."""
        return lacks_opening("".join(self._pieces))

    @property
    def calls(self) -> list[RequestedCall]:
        """The tool calls in their order, each with an id of its own and with arguments."""
        requested = [call for _, call in self._calls if call.name] or self._calls_in_text()
        calls: list[RequestedCall] = []
        for call in requested:
            id = call.id
            taken = {other.id for other in requested if other is not call} | {other.id for other in calls}
            if not id or any(id == other.id for other in calls):
                id = next(name for number in range(len(requested) + 1) if (name := f"call{number:05}") not in taken)
            name = _FOREIGN_NAME.sub("", call.name)
            calls.append(replace(call, id=id, name=name, arguments=whole_arguments(call.arguments)))
        return calls

    def _calls_in_text(self) -> list[RequestedCall]:
        if not self._tools:
            return []
        _, found = split_calls(without_reasoning("".join(self._pieces), whole=True), self._tools)
        return [RequestedCall(name=name, arguments=arguments) for name, arguments in found]

    def add(self, chunk: Mapping[str, Any]) -> bool:
        """Add a chunk (https://platform.openai.com/docs/api-reference/chat-streaming) or a whole completion.

        Returns:
            Whether it brought text.
        """
        if chunk.get("done") or chunk.get("object") == "chat.completion":
            self.finish = self.finish or "stop"
        self._add_usage(chunk.get("usage"))
        choices = chunk.get("choices") or ()
        choice = next((entry for entry in choices if isinstance(entry, Mapping) and not entry.get("index")), None)
        if choice is None:
            return False
        reason = str(choice.get("finish_reason") or "").lower()
        if reason and reason not in ("null", "none"):
            self.finish = _FINISHES.get(re.split(r"[:\s]", reason)[0], "length")
        delta = choice.get("delta") or {}
        if not delta and not self.length:  # some repeat the whole message at the end of the stream
            delta = choice.get("message") or {}
        self._add_calls(delta)
        self.refusal += delta.get("refusal") or ""
        self._add_reasoning(delta)
        text = self._well_formed(self._text_of(delta.get("content")))
        self._pieces.append(text)
        self.length += len(text)
        self.pieces += bool(text)
        return bool(text)

    def _add_usage(self, usage: object) -> None:
        """Keep the highest counts: some servers send zeros with each chunk, others count up.

        What is missing to the total are tokens of reasoning that some leave out (xAI, Gemini).
        """
        if not isinstance(usage, Mapping):
            return
        prompt, completion, total = (
            _count(usage.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens")
        )
        completion = max(completion, total - prompt if prompt else 0)
        self.usage = Usage(
            prompt_tokens=max(self.usage.prompt_tokens, prompt),
            completion_tokens=max(self.usage.completion_tokens, completion),
        )
        details = usage.get("completion_tokens_details")
        self._reasoned = self._reasoned or bool(isinstance(details, Mapping) and details.get("reasoning_tokens"))

    def _add_reasoning(self, delta: Mapping[str, Any]) -> None:
        reasoning = next((found for name in _REASONING_FIELDS if (found := delta.get(name))), None)
        self._reasoned = self._reasoned or bool(reasoning)
        if isinstance(reasoning, str):
            self.length += len(reasoning)
        if isinstance(content := delta.get("reasoning_content"), str):
            self.reasoning += content
        if isinstance(details := delta.get("reasoning_details"), list):
            self.reasoning_details += details

    def _well_formed(self, text: str) -> str:
        """Return a text that UTF-8 and PostgreSQL take: halves of characters joined, and without NUL."""
        text, self._half = (self._half + text).replace("\x00", ""), ""
        if _SURROGATE.search(text) is None:
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _text_of(self, content: object) -> str:
        """Return the text of a delta's content: a string, or parts of which those with reasoning are no text."""
        if isinstance(content, str):
            return content
        texts: list[str] = []
        for part in content if isinstance(content, list) else ():
            if isinstance(part, str):
                texts.append(part)
            elif isinstance(part, Mapping) and part.get("type") in ("text", "output_text", None):
                texts.append(str(part.get("text") or ""))
            else:
                self._reasoned = True
        return "".join(texts)

    def _add_calls(self, delta: Mapping[str, Any]) -> None:
        for position, piece in enumerate(delta.get("tool_calls") or ()):
            index = piece.get("index")
            call = self._add_call(
                position if index is None else index, piece.get("id") or "", piece.get("function") or {}
            )
            call.others |= {name: value for name, value in piece.items() if name not in _KNOWN_OF_CALL}
        if delta.get("function_call"):  # what the API had before tools
            self._add_call("function_call", "", delta["function_call"])

    def _add_call(self, index: object, id: str, function: Mapping[str, Any]) -> RequestedCall:
        """Add a piece of a call, and return the call.

        Some servers number two calls alike: a new id, another name, or the same name after whole arguments begins
        a new one. Others repeat the name in each piece.
        """
        name, arguments = function.get("name") or "", function.get("arguments")
        call = next((known for known_index, known in reversed(self._calls) if known_index == index), None)
        if call is None or (call.name and _begins_another(call, id, name)):
            call = RequestedCall()
            self._calls.append((index, call))
        call.id = id or call.id
        if name != call.name:  # some servers repeat the whole name in each piece
            call.name += name
        piece = arguments if isinstance(arguments, str) else "" if arguments is None else json.dumps(arguments)
        # Some servers send all arguments so far in each piece.
        call.arguments = piece if call.arguments and piece.startswith(call.arguments) else call.arguments + piece
        self.length += len(piece)
        return call


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _begins_another(call: RequestedCall, id: str, name: str) -> bool:
    if id and call.id:
        return id != call.id
    return bool(name) and (name != call.name or _is_whole(call.arguments))


def _is_whole(arguments: str) -> bool:
    try:
        json.loads(arguments)
    except ValueError:
        return False
    return True


class Chat:
    """The messages that a model is sent, masked by a redactor; `restored` undoes the masking in what comes back."""

    def __init__(self, messages: Sequence[Mapping[str, Any]], redactor: Redactor | None) -> None:
        self._redactor = redactor
        self._originals: dict[str, str] = {}  # by placeholder
        self.messages = [{**message, "content": self._masked(message["content"])} for message in messages]

    def add_completion(self, completion: Completion) -> None:
        """Append a completion that asks for tool calls."""
        calls = [
            {
                **call.others,
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments or "{}"},
            }
            for call in completion.calls
        ]
        message: dict[str, Any] = {"role": "assistant", "content": completion.text or None, "tool_calls": calls}
        if completion.reasoning:
            message["reasoning_content"] = completion.reasoning
        if completion.reasoning_details:
            message["reasoning_details"] = completion.reasoning_details
        self.messages.append(message)

    def add_tool_reply(self, call: RequestedCall, text: str) -> None:
        """Append the reply to one of the calls of the last completion."""
        self.messages.append({"role": "tool", "tool_call_id": call.id, "content": self._masked(text)})

    def restored(self, text: str) -> str:
        """Return a text of the model with the original values in place of placeholders."""
        return restored(text, self._originals)

    def max_prompt_tokens(self, tools: Sequence[Mapping[str, Any]]) -> int:
        """Return an upper bound of the prompt's tokens: a tokenizer makes at most one token of a byte."""
        texts = [str(message.get("content") or "") + str(message.get("tool_calls") or "") for message in self.messages]
        return len("".join((*texts, *map(str, tools))).encode()) + _MAX_TEMPLATE_TOKENS * len(self.messages)

    def _masked(self, text: str) -> str:
        return text if self._redactor is None else self._redactor.hidden(text, self._originals)
