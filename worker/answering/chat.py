"""The messages of one exchange with a model, and its completion put together from a stream."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from worker.conversations.outcomes import Usage
from worker.redaction import Redactor, restored

#: Tokens that a chat template may add to each message.
_MAX_TEMPLATE_TOKENS = 16

#: What follows the last whole sentence of a text that was cut off.
_UNFINISHED_SENTENCE = re.compile(r"(?s)(^|(?<=[.!?\n])|(?<=\])(?=\s))[^.!?\n]*$")


@dataclass(kw_only=True)
class RequestedCall:
    """A tool call that the model asks for; `arguments` is JSON as the model wrote it."""

    id: str = ""
    name: str = ""
    arguments: str = ""


class Completion:
    """One completion of a model, built from the deltas of its stream.

    Attributes:
        usage: tokens as the endpoint reports them; zero where it reports none.
        length: characters received, of text and arguments.
        truncated: the model stopped at its limit of tokens.
    """

    def __init__(self) -> None:
        self.usage = Usage()
        self.length = 0
        self.truncated = False
        self._pieces: list[str] = []
        self._calls: dict[int, RequestedCall] = {}

    @property
    def text(self) -> str:
        """The text; without the last, unfinished sentence when it was truncated."""
        text = "".join(self._pieces)
        return _UNFINISHED_SENTENCE.sub("", text) if self.truncated else text

    @property
    def calls(self) -> list[RequestedCall]:
        """The tool calls in their order; a call without an id gets one."""
        return [
            replace(call, id=call.id or f"call_{index}") for index, call in sorted(self._calls.items()) if call.name
        ]

    def add(self, delta: Any) -> None:
        """Append a delta of the stream (`openai.types.chat.chat_completion_chunk.ChoiceDelta`)."""
        if delta.content:
            self._pieces.append(delta.content)
            self.length += len(delta.content)
        for piece in delta.tool_calls or ():
            call = self._calls.setdefault(piece.index, RequestedCall())
            call.id = piece.id or call.id
            if piece.function is not None:
                call.name += piece.function.name or ""
                call.arguments += piece.function.arguments or ""
                self.length += len(piece.function.arguments or "")


class Chat:
    """The messages that a model is sent, masked by a redactor; `restored` undoes the masking in what comes back."""

    def __init__(self, messages: Sequence[Mapping[str, Any]], redactor: Redactor | None) -> None:
        self._redactor = redactor
        self._originals: dict[str, str] = {}  # by placeholder
        self.messages = [{**message, "content": self._masked(message["content"])} for message in messages]

    def add_completion(self, completion: Completion) -> None:
        """Append a completion that asks for tool calls."""
        calls = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
            for call in completion.calls
        ]
        self.messages.append({"role": "assistant", "content": completion.text or None, "tool_calls": calls})

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
