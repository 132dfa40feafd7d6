"""Failures of a language model, classified by what helps."""

import re
import time
from typing import Any, Literal

from worker.answering.capabilities import error_text
from worker.errors import AnswerbackError
from worker.http_headers import retry_after_s

Recovery = Literal["retry", "fall_back", "give_up"]

#: Of several failures, the one that comes first here says when to try the message again.
RECOVERIES: tuple[Recovery, ...] = ("retry", "fall_back", "give_up")

_MAX_RETRY_AFTER_S = 60.0

#: Azure and others refuse what a customer wrote with 400 and this in the error's message.
_FILTERED = re.compile(r"content[ _]?filter|content management policy|responsible ?ai", re.I)


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
    message = error_text(payload_of(error))
    if status == 400 and _FILTERED.search(message):
        message = "The model endpoint's content filter refused the message."
        return ModelError(message, recovery="fall_back", unbilled=True, status=status)
    if status in (401, 403):
        return ModelError("The model endpoint refuses the key.", recovery="give_up", unbilled=True, status=status)
    if status in (408, 409, 425, 429) or status >= 500:
        unbilled = status in (425, 429)  # behind a gateway's time-out the model may have worked
        after_s = retry_after_s(error.response.headers.get("retry-after"), now=time.time(), max_s=_MAX_RETRY_AFTER_S)
        return ModelError(
            f"The model endpoint answered {status}.", recovery="retry", after_s=after_s, unbilled=unbilled
        )
    cause = f": {message}" if message else "."
    return ModelError(
        f"The model endpoint answered {status}{cause}", recovery="fall_back", unbilled=True, status=status
    )


def payload_of(error: Any) -> object:
    """Return the body of an `openai.APIStatusError`, parsed where it is JSON."""
    try:
        return error.response.json()
    except Exception:  # noqa: BLE001 - of a closed response, of other encodings, of no JSON
        return error.body or error.message
