"""Answer with a language model behind any OpenAI-compatible endpoint."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kb.search import Hit
from worker import logs
from worker.answering import prompts, watch
from worker.answering.question import Draft, Question, Revoked
from worker.conversations.outcomes import Usage
from worker.errors import AnswerbackError

log = logs.get(__name__)

#: Time kept back before a message's deadline to check and store the answer.
_RESERVE_S = 1.0
_MOST_TOKENS = 700
_MOST_CHARACTERS = 20_000


class ModelError(AnswerbackError):
    """The language model gave no answer. `then` says what helps: retry, fall_back or give_up."""

    code = "model_error"

    def __init__(
        self, message: str | None = None, *, then: str, after_s: float | None = None, **context: object
    ) -> None:
        super().__init__(message, **context)
        self.then = then
        self.after_s = after_s


@dataclass(frozen=True, kw_only=True)
class LlmAnswerer:
    """Asks the models in order of preference; the next one when one cannot answer now."""

    client: Any  # openai.OpenAI, with max_retries=0: retries belong to the mailbox
    models: Sequence[str]
    timeout_s: float
    clock: Callable[[], float] = time.monotonic
    name: str = "llm"

    def draft(self, question: Question, hits: Sequence[Hit], *, revoked: Callable[[], bool]) -> Draft:
        """Ask until one model answers.

        Raises:
            ModelError: none did; `then` is that of the failure that promises most.
            Revoked: `revoked` said so; the stream is closed, so spending stops.
        """
        ends = self.clock() + min(self.timeout_s, max(0.1, question.remaining_s - _RESERVE_S))
        failures: list[ModelError] = []
        for model in self.models:
            try:
                return self._ask(model, question, hits, ends, revoked)
            except ModelError as error:
                log.warning("model_failed", model=model, then=error.then, cause=str(error))
                failures.append(error)
                if self.clock() >= ends:
                    break
        if not failures:
            raise ModelError("No language model is configured: set ANSWERBACK_MODELS.", then="give_up")
        order = ("retry", "fall_back", "give_up")
        raise min(failures, key=lambda failure: order.index(failure.then))

    def _ask(
        self, model: str, question: Question, hits: Sequence[Hit], ends: float, revoked: Callable[[], bool]
    ) -> Draft:
        import openai
        from openai.types.chat import ChatCompletionChunk

        remaining = ends - self.clock()
        # `client.post`, as the library has it for bodies that are ready to send: checking and rewriting each message
        # of the prompt once more takes a third of the client's time.
        pieces: list[str] = []
        length = 0
        usage = Usage()
        try:
            with (
                watch.call(ends=time.monotonic() + remaining, revoked=revoked),
                self.client.post(
                    "/chat/completions",
                    body={
                        "model": model,
                        "messages": prompts.messages(question, hits),
                        "stream": True,
                        "stream_options": {"include_usage": True},
                        "temperature": 0,
                        "max_tokens": _MOST_TOKENS,
                    },
                    options={"timeout": openai.Timeout(remaining, connect=min(5.0, remaining))},
                    cast_to=ChatCompletionChunk,
                    stream=True,
                    stream_cls=openai.Stream[ChatCompletionChunk],
                ) as stream,
            ):
                for chunk in stream:
                    if revoked():
                        raise Revoked
                    if self.clock() >= ends or length > _MOST_CHARACTERS:
                        raise ModelError("The model did not finish in time.", then="retry")
                    if chunk.usage is not None:
                        usage = Usage(
                            prompt_tokens=chunk.usage.prompt_tokens, completion_tokens=chunk.usage.completion_tokens
                        )
                    if chunk.choices and chunk.choices[0].delta and chunk.choices[0].delta.content:
                        pieces.append(chunk.choices[0].delta.content)
                        length += len(pieces[-1])
        except (ModelError, Revoked):
            raise
        except Exception as error:  # the client's own errors, and its transport's in the middle of a stream
            if revoked():
                raise Revoked from error
            if self.clock() >= ends:
                raise ModelError("The model did not finish in time.", then="retry") from error
            raise classify(error) from error
        text = "".join(pieces).strip()
        if not text:
            raise ModelError("The model answered nothing.", then="retry")
        return _draft(text, model, usage)


def _draft(text: str, model: str, usage: Usage) -> Draft:
    bare = text.strip("`*\"'. \n")
    if bare in (prompts.NO_ANSWER, prompts.PERSON):
        return Draft(text=None, model=model, usage=usage, wants_person=bare == prompts.PERSON)
    return Draft(text=text, model=model, usage=usage)


def classify(error: Exception) -> ModelError:
    """Return what a failure of the client means for the message.

    retry: overload, time-outs, lost connections, garbage; the same call may pass later.
    fall_back: this model cannot, another may: unknown model, too long a prompt, refused parameters.
    give_up: no call will pass until someone changes the configuration: bad key, no permission.
    """
    import openai

    if isinstance(error, openai.APIStatusError):
        after = _retry_after(error)
        if error.status_code in (401, 403):
            return ModelError("The model endpoint refuses the key.", then="give_up", status=error.status_code)
        if error.status_code in (408, 409, 425, 429) or error.status_code >= 500:
            return ModelError(f"The model endpoint answered {error.status_code}.", then="retry", after_s=after)
        return ModelError(
            f"The model endpoint answered {error.status_code}.", then="fall_back", status=error.status_code
        )
    if isinstance(error, openai.APITimeoutError) or "timed out" in str(error).lower():
        return ModelError("The model did not answer in time.", then="retry")
    if isinstance(error, openai.APIConnectionError):
        return ModelError("The model endpoint cannot be reached.", then="retry")
    return ModelError(f"The model's answer cannot be read: {type(error).__name__}.", then="retry")


def _retry_after(error: Any) -> float | None:
    try:
        return min(60.0, max(0.0, float(error.response.headers["retry-after"])))
    except (KeyError, ValueError):
        return None


def open_client(*, api_key: str | None, base_url: str | None) -> Any:
    """Return an OpenAI client that never retries by itself (the mailbox does), and whose calls can be ended."""
    import openai

    client = openai.OpenAI(api_key=api_key or "none-needed", base_url=base_url, max_retries=0)
    watch.watch(client)
    return client
