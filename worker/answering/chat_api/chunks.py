"""Read the chunks of a chat completion from a response, as servers really send them.

Most send server-sent events with one JSON object each. Some send keep-alives of `null`, one JSON object although a
stream was asked for, or an error in the middle.
"""

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from worker.answering.chat_api.errors import ModelError, Recovery, is_about_account
from worker.answering.chat_api.refusals import error_text

_MAX_LINE_CHARACTERS = 1_000_000

#: Codes, statuses and types of errors that a repetition does not change.
_REFUSED_KEY = {"401", "403", "invalid_api_key", "authentication_error", "permission_denied", "unauthenticated"}
_REFUSED_REQUEST = {
    "400", "404", "422", "content_filter", "context_length_exceeded", "invalid_request_error", "model_not_found",
    "not_found", "invalid_argument",
}  # fmt: skip


def read_chunks(pieces: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a response's body: chunks of a stream, or one whole completion as a chunk.

    The mark at the end of a stream is `{"done": True}`.

    Args:
        pieces: the body as it arrives.

    Raises:
        ModelError: a line is not JSON, or the server reports an error.
    """
    for raw in _lines(pieces):
        line = raw.removeprefix("\ufeff")
        if line.startswith("data:"):
            data = line[5:].strip()
        elif line.startswith((":", "event:", "id:", "retry:")):
            continue
        else:
            data = line.strip()
        if data == "[DONE]":
            yield {"done": True}
        elif data and data != "null":
            yield _chunk(data)


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a body. Only a line feed ends one: JSON may hold any other separator of Unicode.

    A body that is one JSON object is one line, however it is laid out.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest, is_object = "", None
    for piece in pieces:
        rest += decoder.decode(piece)
        if is_object is None and (begin := rest.lstrip("\ufeff\r\n\t ")):
            is_object = begin[0] in "{["
        if len(rest) > _MAX_LINE_CHARACTERS:
            raise ModelError("The model's answer has a line of more than a million characters.", recovery="retry")
        if is_object:
            continue
        *lines, rest = rest.split("\n")
        for line in lines:
            yield line.rstrip("\r")
    if is_object and not _is_json(rest):
        yield from rest.splitlines()  # one object a line
    elif rest.strip():
        yield rest.strip("\ufeff\r\n\t ")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _chunk(data: str) -> Mapping[str, Any]:
    try:
        chunk = json.loads(data, strict=False)  # some leave tabs and other controls as they are
    except ValueError:
        raise ModelError("The model's answer has a line that is not JSON.", recovery="retry") from None
    if isinstance(chunk, list) and chunk:
        chunk = chunk[0]
    if not isinstance(chunk, Mapping):
        raise ModelError("The model's answer has a line that is no object.", recovery="retry")
    if chunk.get("error") or chunk.get("object") == "error":
        raise _reported_error(chunk)
    for choice in chunk.get("choices") or ():
        if isinstance(choice, Mapping) and choice.get("error"):  # OpenRouter, of the provider
            raise _reported_error(choice)
    status = chunk.get("base_resp")  # MiniMax
    if isinstance(status, Mapping) and status.get("status_code"):
        raise _reported_error({"error": {"code": status["status_code"], "message": status.get("status_msg")}})
    return chunk


def _reported_error(chunk: Mapping[str, Any]) -> ModelError:
    """Return the error for an error object that was sent with status 200, or after the stream had begun."""
    error = chunk.get("error", chunk)
    names = (error.get("code"), error.get("status"), error.get("type")) if isinstance(error, Mapping) else ()
    codes = {str(name).lower() for name in names if name}
    message = error_text(chunk) or "no message"
    recovery: Recovery = "give_up" if codes & _REFUSED_KEY else "fall_back" if codes & _REFUSED_REQUEST else "retry"
    if is_about_account(message):
        recovery = "give_up"
    return ModelError(f"The model endpoint reported an error in its answer: {message}", recovery=recovery)
