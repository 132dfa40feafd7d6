"""Calls of an OpenAI-compatible endpoint: one completion, within a deadline, with the parameters it accepts."""

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from worker import compat
from worker.addresses import Guard
from worker.answering.chat_api import deadlines
from worker.answering.chat_api.capabilities import Capabilities, CapabilityMemory
from worker.answering.chat_api.chat import Completion
from worker.answering.chat_api.chunks import read_chunks
from worker.answering.chat_api.errors import ModelError, classify, payload_of
from worker.answering.chat_api.guarded import GuardedBackend
from worker.answering.chat_api.refusals import Refusal, refusal_of
from worker.answering.question import Revoked
from worker.conversations.outcomes import Usage
from worker.telemetry import logs

log = logs.get(__name__)

_CONNECT_TIMEOUT_S = 5.0
_MAX_CHARACTERS = 100_000

#: Seconds that a body may last after the mark at the end of its stream.
_END_TIMEOUT_S = 0.5


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
    """A request for one completion.

    Attributes:
        max_tokens: the most tokens of the answer itself.
        deadline: a time of the caller's clock, in seconds.
        as_json: ask for a JSON object; the messages have to say so too.
        may_call: the model may call the tools; otherwise it has to answer.
    """

    model: str
    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Mapping[str, Any]]
    max_tokens: int
    deadline: float
    as_json: bool = False
    may_call: bool = True


def open_client(*, api_key: str | None, base_url: str | None, guard: Guard | None = None) -> Any:
    """Return an `openai.OpenAI` client that does not retry (the mailbox does) and whose calls end at their deadline.

    `guard` decides about the addresses that it dials; such a client uses no proxy, follows no redirect, and names no
    organization of the environment. Without one, it may call any address.
    """
    import openai

    key = api_key or "none-needed"
    if guard is None:
        client = openai.OpenAI(api_key=key, base_url=base_url, max_retries=0)
    else:
        http = openai.DefaultHttpxClient(trust_env=False, follow_redirects=False)
        omitted: Any = openai.Omit()
        headers = {"OpenAI-Organization": omitted, "OpenAI-Project": omitted}
        client = openai.OpenAI(api_key=key, base_url=base_url, max_retries=0, http_client=http, default_headers=headers)
        compat.wrap_network_backend(client, lambda backend: GuardedBackend(backend, guard))
    deadlines.install(client)
    return client


class RequestRefused(Exception):
    """The endpoint refuses the form of a request; nothing was billed."""

    def __init__(self, refusal: Refusal, error: ModelError) -> None:
        super().__init__(refusal.parameter)
        self.refusal = refusal
        self.error = error


class ReasonedOut(Exception):
    """The model spent all its tokens on reasoning, and may answer with more; `usage` is what it cost."""

    def __init__(self, usage: Usage) -> None:
        super().__init__("the model reasoned until its limit of tokens")
        self.usage = usage


def complete(
    client: Any,
    request: CompletionRequest,
    *,
    memory: CapabilityMemory,
    revoked: Callable[[], bool],
    on_text: Callable[[str], object] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Completion:
    """Return one completion; `on_text` receives the whole text so far after each piece of it.

    What the endpoint refuses is renamed or left out, and the request is sent again; `memory` keeps that.

    Raises:
        ModelError: the call failed, took longer than the deadline, or returned neither text nor tool calls.
        ReasonedOut: the same request can be sent once more, now that `memory` knows that the model reasons.
        Revoked: `revoked` returned True; the stream is closed, which stops the model and its cost.
    """
    model = request.model
    once: Capabilities | None = None  # for this call alone
    while True:
        capabilities = once or memory.of(model)
        try:
            completion = _call(client, request, capabilities, revoked=revoked, on_text=on_text, clock=clock)
        except RequestRefused as refused:
            parameter = refused.refusal.parameter
            log.info("model_parameter_refused", model=model, parameter=parameter, cause=str(refused.error))
            if not refused.refusal.lasting and once is None:
                once = capabilities.after(refused.refusal)
            elif once is not None or not memory.learn_refusal(model, refused.refusal, sent=capabilities):
                raise refused.error from None
            continue
        is_empty = not completion.text.strip() and not completion.calls
        if completion.has_reasoning or (is_empty and completion.finish == "length"):
            is_new = memory.learn_reasoning(model, in_text=completion.reasoned_without_opening)
            if is_empty and completion.finish == "length":
                if is_new:
                    raise ReasonedOut(completion.usage)
                raise ModelError("The model reasoned until its limit of tokens.", recovery="fall_back")
        if completion.finish == "filter":
            raise ModelError("The model endpoint's content filter stopped the answer.", recovery="fall_back")
        if completion.finish == "error":
            raise ModelError("The model endpoint stopped the answer with an error.", recovery="retry")
        if is_empty:
            if completion.refusal:
                raise ModelError(f"The model refused to answer: {completion.refusal[:200]}", recovery="fall_back")
            raise ModelError("The model answered nothing.", recovery="retry")
        return completion


def _call(
    client: Any,
    request: CompletionRequest,
    capabilities: Capabilities,
    *,
    revoked: Callable[[], bool],
    on_text: Callable[[str], object] | None,
    clock: Callable[[], float],
) -> Completion:
    """Send one request and read its response."""
    remaining_s = request.deadline - clock()
    if remaining_s <= 0:
        raise _too_late(unbilled=True)
    body = capabilities.body(
        request.model,
        request.messages,
        tools=request.tools,
        may_call=request.may_call,
        max_tokens=request.max_tokens,
        as_json=request.as_json,
    )
    completion = Completion(reasons_in_text=capabilities.reasons_in_text, tools=body.get("tools", ()))
    try:
        with (
            deadlines.call(ends=time.monotonic() + remaining_s, revoked=revoked),
            _open_stream(client, body, remaining_s) as stream,
        ):
            chunks = read_chunks(stream.response.iter_bytes())
            _read(completion, chunks, request.deadline, revoked, on_text, clock)
            _read_end(chunks)
            return completion
    except (ModelError, Revoked):
        raise
    except Exception as error:  # errors of the client, and of its transport in the middle of a stream
        if revoked():
            raise Revoked from error
        if completion.finish in ("stop", "length"):  # all was said before the connection broke
            return completion
        if clock() >= request.deadline:
            raise _too_late() from error
        raise _failure_of(error, body) from error


def _open_stream(client: Any, body: Mapping[str, Any], timeout_s: float) -> Any:
    """Send a request as it is; the library's own method takes a third of the client's time to check each message."""
    import openai

    return client.post(
        "/chat/completions",
        body=body,
        options={"timeout": openai.Timeout(timeout_s, connect=min(_CONNECT_TIMEOUT_S, timeout_s))},
        cast_to=object,
        stream=True,
        stream_cls=openai.Stream[object],
    )


def _failure_of(error: Exception, body: Mapping[str, Any]) -> Exception:
    """Return the exception that stands for one of the client: a refusal of the request's form, or a failure."""
    import openai

    if isinstance(error, openai.APIStatusError):
        refusal = refusal_of(error.status_code, payload_of(error), body)
        if refusal is not None:
            return RequestRefused(refusal, classify(error))
    return classify(error)


def _read(
    completion: Completion,
    chunks: Iterable[Mapping[str, Any]],
    deadline: float,
    revoked: Callable[[], bool],
    on_text: Callable[[str], object] | None,
    clock: Callable[[], float],
) -> None:
    for chunk in chunks:
        if revoked():
            raise Revoked
        if clock() >= deadline or completion.length > _MAX_CHARACTERS:
            raise _too_late()
        if completion.add(chunk) and on_text is not None:
            on_text(completion.text_so_far)
        if chunk.get("done"):
            return


def _read_end(chunks: Iterable[Mapping[str, Any]]) -> None:
    """Read to the end of a body, so that its connection can be used again; some servers never end it."""
    with (
        contextlib.suppress(Exception),
        deadlines.call(ends=time.monotonic() + _END_TIMEOUT_S, revoked=lambda: False),
    ):
        for _ in chunks:
            pass


def _too_late(*, unbilled: bool = False) -> ModelError:
    return ModelError("The model did not finish in time.", recovery="retry", unbilled=unbilled)
