"""Failures of a language model, classified by what helps."""

from typing import Any, Literal

from worker.errors import AnswerbackError

Recovery = Literal["retry", "fall_back", "give_up"]

#: Of several failures, the one that comes first here says when to try the message again.
RECOVERIES: tuple[Recovery, ...] = ("retry", "fall_back", "give_up")

_MAX_RETRY_AFTER_S = 60.0


class ModelError(AnswerbackError):
    """The language model gave no answer.

    Attributes:
        recovery: `retry` (the same call may succeed later), `fall_back` (another model may answer) or `give_up` (the
            configuration has to change first).
        after_s: the server's `Retry-After` in seconds, if it sent one.
        unbilled: the model was not reached or refused at once, so the call cost nothing.
    """

    code = "model_error"

    def __init__(
        self,
        message: str | None = None,
        *,
        recovery: Recovery,
        after_s: float | None = None,
        unbilled: bool = False,
        **context: object,
    ) -> None:
        super().__init__(message or "The language model gave no answer.", **context)
        self.recovery: Recovery = recovery
        self.after_s = after_s
        self.unbilled = unbilled


def classify(error: Exception) -> ModelError:
    """Return the `ModelError` for an exception of the OpenAI client or its transport.

    retry: overload, time-outs, lost connections, answers that cannot be read.
    fall_back: unknown model, prompt too long, refused parameters.
    give_up: bad key, no permission.
    """
    import openai

    if isinstance(error, openai.APIStatusError):
        return _of_status(error)
    if isinstance(error, openai.APITimeoutError) or "timed out" in str(error).lower():
        return ModelError("The model did not answer in time.", recovery="retry")
    if isinstance(error, openai.APIConnectionError):
        unbilled = type(error.__cause__).__name__ in ("ConnectError", "ConnectTimeout", "PoolTimeout")
        return ModelError("The model endpoint cannot be reached.", recovery="retry", unbilled=unbilled)
    return ModelError(f"The model's answer cannot be read: {type(error).__name__}.", recovery="retry")


def _of_status(error: Any) -> ModelError:
    status = error.status_code
    if status in (401, 403):
        return ModelError("The model endpoint refuses the key.", recovery="give_up", unbilled=True, status=status)
    if status in (408, 409, 425, 429) or status >= 500:
        unbilled = status in (425, 429)  # behind a gateway's time-out the model may have worked
        after_s = _retry_after_s(error)
        return ModelError(
            f"The model endpoint answered {status}.", recovery="retry", after_s=after_s, unbilled=unbilled
        )
    return ModelError(f"The model endpoint answered {status}.", recovery="fall_back", unbilled=True, status=status)


def _retry_after_s(error: Any) -> float | None:
    try:
        return min(_MAX_RETRY_AFTER_S, max(0.0, float(error.response.headers["retry-after"])))
    except (KeyError, ValueError):
        return None
