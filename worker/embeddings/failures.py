"""The meaning of an error of an embeddings endpoint, and its remedy."""

import json
import re
import time
from collections.abc import Mapping

from kb.errors import EmbedderRefused, EmbedderUnavailable
from worker.answering.chat_api.errors import is_about_account
from worker.answering.chat_api.refusals import error_text
from worker.http_headers import retry_after_s

_MAX_RETRY_AFTER_S = 60.0

#: Too many texts, too many tokens, a text that is too long: TEI answers 413 and 422, OpenAI and Ollama 400.
_TOO_MUCH_STATUS = (400, 413, 422)

#: Ollama fails to write a vector that its model made of a text and that is not finite (500).
_NOT_A_NUMBER = re.compile(r"unsupported value: NaN", re.I)

_DIMENSIONS = re.compile(r"dimension|matryoshka", re.I)


class TextsRefused(Exception):
    """The endpoint takes no request of this form; `error` is what to raise when it cannot be made smaller.

    Attributes:
        about_dimensions: it does not take the parameter `dimensions`.
        no_vector: it has no vector of one of the texts.
    """

    def __init__(self, error: EmbedderRefused, *, about_dimensions: bool = False, no_vector: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.about_dimensions = about_dimensions
        self.no_vector = no_vector


def failure_of(status: int, headers: Mapping[str, str], body: bytes) -> Exception:
    """Return the exception for a response whose status is no success.

    TextsRefused: a smaller request may succeed. EmbedderRefused: settings or account have to be changed.
    EmbedderUnavailable: the same request may succeed later.
    """
    text = body[:2_000].decode(errors="replace")
    message = _message(text)
    refused = EmbedderRefused(f"The embeddings endpoint answers {status}: {message or 'without a reason'}")
    if _NOT_A_NUMBER.search(text):
        return TextsRefused(refused, no_vector=True)
    after_s = retry_after_s(headers.get("retry-after"), now=time.time(), max_s=_MAX_RETRY_AFTER_S)
    if status == 402 or (is_about_account(message) and (status != 429 or after_s is None)):
        return refused
    if status in _TOO_MUCH_STATUS:
        return TextsRefused(refused, about_dimensions=bool(_DIMENSIONS.search(message)))
    if status in (408, 409, 425, 429) or status >= 500:
        return EmbedderUnavailable(f"The embeddings endpoint answers {status}.", after_s=after_s)
    return refused


def _message(text: str) -> str:
    try:
        return error_text(json.loads(text))[:300]
    except ValueError:
        return " ".join(text.split())[:300]
