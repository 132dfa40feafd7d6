"""One request of the model client to an endpoint of the test's own, and what such an endpoint says."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.endpoint import Response
from worker.answering.chat_api.capabilities import CapabilityMemory
from worker.answering.chat_api.chat import Completion
from worker.answering.chat_api.client import CompletionRequest, ReasonedOut, complete, open_client

ANSWER = "You can return it within 30 days [1]."
TOOL = {"type": "function", "function": {"name": "find_order", "description": "", "parameters": {"type": "object"}}}
THOUGHT = "The passage says 60 days [1]. So I say 60 days [1]."
MESSAGES = [
    {"role": "system", "content": "Answer."},
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hello."},
    {"role": "user", "content": "How long can I return it?"},
]


def body(text: str, content_type: str = "text/event-stream") -> Response:
    """A response of this text."""
    return Response(pieces=(text.encode(),), content_type=content_type)


def openai(message: str, param: str | None, code: str | None = "unsupported_parameter") -> dict[str, Any]:
    """An error as OpenAI words it."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def call(index: int | None, id: str | None = None, name: str | None = None, arguments: object = None) -> dict[str, Any]:
    """A piece of a tool call in a delta; what is None is left out."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    piece = {"index": index, "id": id, "type": "function", "function": function}
    return {key: value for key, value in piece.items() if value is not None}


def ask(
    url: str,
    *,
    model: str = "some-model",
    tools: Sequence[Mapping[str, Any]] = (),
    memory: CapabilityMemory | None = None,
    heard: list[str] | None = None,
) -> Completion:
    """Ask the model behind a base URL, again if reasoning used up the limit; `heard` gets the text in pieces."""
    memory = memory or CapabilityMemory()

    def once() -> Completion:
        return complete(
            open_client(api_key=None, base_url=url),
            CompletionRequest(
                model=model, messages=MESSAGES, tools=tools, max_tokens=700, deadline=time.monotonic() + 5
            ),
            memory=memory,
            revoked=lambda: False,
            on_text=None if heard is None else heard.append,
        )

    try:
        return once()
    except ReasonedOut:
        return once()
