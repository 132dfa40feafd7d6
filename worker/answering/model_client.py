"""Calls of an OpenAI-compatible endpoint: one streamed completion, within a deadline."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from worker.answering import deadlines
from worker.answering.chat import Completion
from worker.answering.model_errors import ModelError, classify
from worker.answering.question import Revoked
from worker.conversations.outcomes import Usage

_CONNECT_TIMEOUT_S = 5.0
_MAX_CHARACTERS = 20_000


@dataclass(frozen=True, kw_only=True)
class Price:
    """The price of a model in US dollars per million tokens."""

    prompt: float
    completion: float

    def of(self, usage: Usage) -> float:
        """Return the cost of a call in US dollars."""
        return (usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion) / 1_000_000


@dataclass(frozen=True, kw_only=True)
class CompletionRequest:
    """A request for one completion; `deadline` is a time of the caller's clock, in seconds."""

    model: str
    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Mapping[str, Any]]
    max_tokens: int
    deadline: float

    def body(self) -> dict[str, Any]:
        """Return the JSON body of `POST /chat/completions`."""
        return {
            "model": self.model,
            "messages": self.messages,
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0,
            "max_tokens": self.max_tokens,
            **({"tools": list(self.tools)} if self.tools else {}),
        }


def open_client(*, api_key: str | None, base_url: str | None) -> Any:
    """Return an `openai.OpenAI` client that does not retry (the mailbox does) and whose calls end at their deadline."""
    import openai

    client = openai.OpenAI(api_key=api_key or "none-needed", base_url=base_url, max_retries=0)
    deadlines.install(client)
    return client


def stream_completion(
    client: Any,
    request: CompletionRequest,
    *,
    revoked: Callable[[], bool],
    on_text: Callable[[str], object] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Completion:
    """Stream one completion; `on_text` receives the whole text so far after each piece of it.

    Raises:
        ModelError: the call failed, took longer than the deadline, or returned neither text nor tool calls.
        Revoked: `revoked` returned True; the stream is closed, which stops the model and its cost.
    """
    import openai
    from openai.types.chat import ChatCompletionChunk

    remaining_s = request.deadline - clock()
    if remaining_s <= 0:
        raise _too_late(unbilled=True)
    # `client.post` sends the body as it is: the library's own method checks and rewrites each message of the prompt
    # once more, which takes a third of the client's time.
    try:
        with (
            deadlines.call(ends=time.monotonic() + remaining_s, revoked=revoked),
            client.post(
                "/chat/completions",
                body=request.body(),
                options={"timeout": openai.Timeout(remaining_s, connect=min(_CONNECT_TIMEOUT_S, remaining_s))},
                cast_to=ChatCompletionChunk,
                stream=True,
                stream_cls=openai.Stream[ChatCompletionChunk],
            ) as stream,
        ):
            completion = _read(stream, request.deadline, revoked, on_text, clock)
    except (ModelError, Revoked):
        raise
    except Exception as error:  # errors of the client, and of its transport in the middle of a stream
        if revoked():
            raise Revoked from error
        if clock() >= request.deadline:
            raise _too_late() from error
        raise classify(error) from error
    if not completion.text.strip() and not completion.calls:
        raise ModelError("The model answered nothing.", recovery="retry")
    return completion


def _read(
    stream: Iterable[Any],
    deadline: float,
    revoked: Callable[[], bool],
    on_text: Callable[[str], object] | None,
    clock: Callable[[], float],
) -> Completion:
    completion = Completion()
    for chunk in stream:
        if revoked():
            raise Revoked
        if clock() >= deadline or completion.length > _MAX_CHARACTERS:
            raise _too_late()
        if chunk.usage is not None:
            completion.usage = Usage(
                prompt_tokens=chunk.usage.prompt_tokens, completion_tokens=chunk.usage.completion_tokens
            )
        if chunk.choices and chunk.choices[0].delta:
            completion.add(chunk.choices[0].delta)
            if on_text is not None and chunk.choices[0].delta.content:
                on_text(completion.text)
        if chunk.choices and chunk.choices[0].finish_reason == "length":
            completion.truncated = True
    return completion


def _too_late(*, unbilled: bool = False) -> ModelError:
    return ModelError("The model did not finish in time.", recovery="retry", unbilled=unbilled)
