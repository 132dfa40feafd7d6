"""Whether, when and how often a call is sent again."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from answerback_client._api_error import ApiError, ConnectionFailed
from answerback_client._calls import Call
from answerback_client._generated.codes import BY_CODE

#: The first pause in seconds; each further one is twice as long, and all vary by a quarter.
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0

#: A server that asks for more patience than this gets its error raised.
_MAX_RETRY_AFTER_S = 60.0

#: After these, a call that may be repeated is sent again.
_TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})

#: Failures before the request was sent.
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

#: Failures that another attempt has too.
_PERMANENT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)


@dataclass
class Attempts:
    """The attempts at one call of the server at `base_url`."""

    call: Call[Any]
    base_url: str
    max_retries: int
    made: int = 0
    maybe_carried_out: bool = False

    def failed(self, error: httpx.TransportError) -> float:
        """Return the seconds until the next attempt, after one without a response.

        Raises:
            ConnectionFailed: there is none.
        """
        unsent = isinstance(error, _UNSENT)
        self.maybe_carried_out |= not unsent
        if self.made < self.max_retries and (unsent or self.call.may_repeat) and not isinstance(error, _PERMANENT):
            return self._pause()
        unknown = "" if unsent or self.call.may_repeat else " Whether it was carried out is not known."
        reason = str(error) or type(error).__name__
        raise ConnectionFailed(f"{self.call.method} {self.base_url}{self.call.path}: {reason}.{unknown}") from error

    def responded(self, response: httpx.Response) -> float | None:
        """Return the seconds until the next attempt, after a response; None when it is the last one, and a success.

        Raises:
            ApiError: the response is an error, and there is no further attempt.
        """
        if response.is_success or self._is_deleted_before(response):
            return None
        error = error_of(response)
        wait_s = error.retry_after_s or 0.0
        if self.made >= self.max_retries or not self._is_temporary(error) or wait_s > _MAX_RETRY_AFTER_S:
            raise error
        self.maybe_carried_out |= error.status >= 500
        return max(self._pause(), wait_s)

    def succeeded(self) -> None:
        """Start counting anew: a stream got on."""
        self.made = 0

    def _is_temporary(self, error: ApiError) -> bool:
        if error.status not in _TEMPORARY:
            return False
        # 429 and 503 of the API itself say that nothing was changed; what a proxy says tells nothing.
        is_unchanged = error.code in BY_CODE and error.status in (429, 503)
        return is_unchanged or self.call.may_repeat

    def _is_deleted_before(self, response: httpx.Response) -> bool:
        """Whether something that is not found was deleted by an attempt whose response was lost."""
        return self.call.method == "DELETE" and response.status_code == 404 and self.maybe_carried_out

    def _pause(self) -> float:
        self.made += 1
        pause_s: float = min(_FIRST_PAUSE_S * 2 ** (self.made - 1), _LONGEST_PAUSE_S)
        return pause_s * random.uniform(0.75, 1.25)  # noqa: S311


def error_of(response: httpx.Response) -> ApiError:
    """Return the exception of an error response, whose body has been read."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    status = response.status_code
    code = str(problem.get("code") or f"http_{status}")
    doc_url = problem.get("doc_url")
    return BY_CODE.get(code, ApiError)(
        str(problem.get("detail") or problem.get("title") or response.text[:200] or response.reason_phrase),
        status=status,
        code=code,
        errors=problem.get("errors", ()),
        request_id=problem.get("request_id") or response.headers.get("X-Request-ID"),
        doc_url=str(response.url.join(doc_url)) if isinstance(doc_url, str) else None,
        retry_after_s=_seconds(response.headers.get("Retry-After")),
    )


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a `Retry-After`, which is a number or a date; None for anything else."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
