"""Failures of a language model, classified by what helps."""

import json
import re
import time
from typing import Any, Literal

from worker.answering.chat_api.refusals import error_text
from worker.errors import AnswerbackError
from worker.http_headers import retry_after_s

Recovery = Literal["retry", "fall_back", "give_up"]

#: Of several failures, the one that comes first here says when to try the message again.
RECOVERIES: tuple[Recovery, ...] = ("retry", "fall_back", "give_up")

_MAX_RETRY_AFTER_S = 60.0

#: Azure and others refuse what a customer wrote with 400 and this in the error's message.
_FILTERED = re.compile(
    r"content[ _]?filter|content management policy|responsible ?ai|requires moderation|input was flagged"
    r"|violates .{0,20}(?:usage|content) (?:guidelines|polic)",
    re.I,
)

#: The key or its account has to be changed first, whatever the status says: Gemini refuses a key with 400, OpenAI
#: reports a spent quota as 429, MiniMax an empty balance as 500.
_ACCOUNT = re.compile(
    r"api[ _]key not valid|api_key_invalid|(?:invalid|incorrect) api[ _-]key|insufficient[ _](?:balance|quota|credits)"
    r"|credit balance is too low|exceeded your current quota, please check your plan|billing.{0,20}not active",
    re.I,
)
_MODEL_CODES = ("model_not_found", "model_not_available")

#: The time to wait in the text of an error: "Please try again in 7.66s" (OpenAI, Groq), "retryDelay": "37s" (Gemini).
_WAIT = re.compile(r"(?:try again in|retry in|retryDelay\W{1,6})\s*(?:(\d+)m)?(\d+(?:\.\d+)?)(ms|s)", re.I)


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
    payload = payload_of(error)
    message = error_text(payload)
    after_s = _after_s(error, payload)  # Gemini says of a limit of each minute what OpenAI says of a spent quota
    if status == 402 or (is_about_account(message) and (status != 429 or after_s is None)):
        return ModelError(
            f"The model endpoint refuses the account: {message}", recovery="give_up", unbilled=True, status=status
        )
    if status in (400, 403) and _FILTERED.search(message):
        message = "The model endpoint's content filter refused the message."
        return ModelError(message, recovery="fall_back", unbilled=True, status=status)
    if status in (401, 403) and getattr(error, "code", None) not in _MODEL_CODES:
        return ModelError("The model endpoint refuses the key.", recovery="give_up", unbilled=True, status=status)
    if status in (408, 409, 425, 429) or status >= 500:
        unbilled = status in (425, 429)  # behind a gateway's time-out the model may have worked
        return ModelError(
            f"The model endpoint answered {status}.", recovery="retry", after_s=after_s, unbilled=unbilled
        )
    cause = f": {message}" if message else "."
    return ModelError(
        f"The model endpoint answered {status}{cause}", recovery="fall_back", unbilled=True, status=status
    )


def is_about_account(message: str) -> bool:
    """Whether an error says that the key or its account has to be changed."""
    return _ACCOUNT.search(message) is not None


def _after_s(error: Any, payload: object) -> float | None:
    """Return the seconds after which an endpoint wants to be asked again, from its headers or its text."""
    headers = error.response.headers
    milliseconds = str(headers.get("retry-after-ms") or "")  # Azure
    if milliseconds.isdigit():
        return min(int(milliseconds) / 1000, _MAX_RETRY_AFTER_S)
    if (named := retry_after_s(headers.get("retry-after"), now=time.time(), max_s=_MAX_RETRY_AFTER_S)) is not None:
        return named
    found = _WAIT.search(json.dumps(payload))
    if found is None:
        return None
    seconds = float(found[2]) / (1000 if found[3].lower() == "ms" else 1) + 60 * int(found[1] or 0)
    return min(seconds, _MAX_RETRY_AFTER_S)


def payload_of(error: Any) -> object:
    """Return the body of an `openai.APIStatusError`, parsed where it is JSON."""
    try:
        return error.response.json()
    except Exception:  # noqa: BLE001 - of a closed response, of other encodings, of no JSON
        return error.body or error.message
