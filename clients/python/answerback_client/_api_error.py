"""The exceptions of the client; `answerback_client.errors` has one more for each code of the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict


class FieldProblem(TypedDict):
    """A field of the request that is at fault."""

    field: str
    message: str


class AnswerbackError(Exception):
    """Any failure that the client anticipates."""


class ConnectionFailed(AnswerbackError):
    """No response came, as often as it was tried: the connection failed, broke or timed out."""


class WaitTimeout(AnswerbackError):
    """What was waited for has not ended in time; it goes on."""


class InvalidSignature(AnswerbackError):
    """A webhook does not come from the server that has this secret, was changed on its way, or is too old."""


class ApiError(AnswerbackError):
    """An error response of the API. Decide by `code`, or catch the class of the code in `answerback_client.errors`.

    Attributes:
        status: the HTTP status.
        code: the stable identifier of the error; `http_<status>` where the response is not of the API but of a proxy.
        detail: for humans.
        errors: each field at fault.
        request_id: quote it when you report a problem.
        doc_url: leads to what the code means and what to do.
        retry_after_s: the seconds that the server asked to wait.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        code: str,
        errors: Sequence[FieldProblem] = (),
        request_id: str | None = None,
        doc_url: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.request_id = request_id
        self.doc_url = doc_url
        self.retry_after_s = retry_after_s
        fields = "".join(f"\n  {problem['field']}: {problem['message']}" for problem in self.errors)
        super().__init__(f"{status} {code}: {detail}{fields}")
