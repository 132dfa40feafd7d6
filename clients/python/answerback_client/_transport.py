"""Sending calls over HTTP, with and without coroutines."""

from __future__ import annotations

import asyncio
import math
import platform
import time
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import httpx

from answerback_client._calls import Call, content_of
from answerback_client._retries import Attempts
from answerback_client._version import __version__

Result = TypeVar("Result")

_USER_AGENT = f"answerback-python/{__version__} python/{platform.python_version()}"

#: A stream has a heartbeat every 15 seconds; one that is silent for this long is broken.
_STREAM_READ_TIMEOUT_S = 45.0


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a client sends its calls.

    Attributes:
        base_url: without a slash at its end.
        timeout_s: seconds of one attempt to connect, to write and to read.
        max_retries: attempts beyond the first.
    """

    base_url: str
    api_key: str
    timeout_s: float
    max_retries: int

    def request(self, call: Call[Any]) -> dict[str, Any]:
        """Return a call as arguments of `httpx.Client.build_request`."""
        asked_s = (call.body or {}).get("wait_s")  # of a direct answer
        wait_s = call.wait_s or (asked_s if isinstance(asked_s, int | float) else 0.0)
        request: dict[str, Any] = {
            "method": call.method,
            "url": f"{self.base_url}{call.path}",
            "headers": {**self._headers(), "Accept": "application/json"},
            "timeout": self.timeout_s + wait_s,
        }
        if call.query:
            request["params"] = {
                name: ",".join(value) if isinstance(value, list) else value
                for name, value in call.query.items()
                if value is not None
            }
        if call.body is not None:
            request["json"] = call.body
        if call.file is not None:
            request["files"] = {"file": content_of(call.file)}
            request["data"] = dict(call.fields or {})
        if call.key is not None:
            request["headers"]["Idempotency-Key"] = call.key
        if call.wait_s is not None:
            request["headers"]["Prefer"] = f"wait={math.ceil(call.wait_s)}"
        return request

    def stream(self, path: str, last_event_id: str | None) -> dict[str, Any]:
        """Return the request of a stream that continues after an event, as arguments of `httpx.Client.stream`."""
        resumed = {"Last-Event-ID": last_event_id} if last_event_id else {}
        return {
            "method": "GET",
            "url": f"{self.base_url}{path}",
            "headers": {**self._headers(), "Accept": "text/event-stream", "Cache-Control": "no-store", **resumed},
            "timeout": httpx.Timeout(self.timeout_s, read=_STREAM_READ_TIMEOUT_S),
        }

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}", "User-Agent": _USER_AGENT}


class Transport:
    """Sends calls and waits for their responses."""

    def __init__(self, options: Options, http: httpx.Client) -> None:
        self.options = options
        self.http = http

    def send(self, call: Call[Result]) -> Result:
        """Send a call, again if it must be, and return its result.

        Raises:
            ApiError: the API refused it.
            ConnectionFailed: no response came.
        """
        attempts = Attempts(call, self.options.base_url, self.options.max_retries)
        request = self.options.request(call)
        while True:
            try:
                response = self.http.send(self.http.build_request(**request), follow_redirects=False)
            except httpx.TransportError as error:
                pause_s: float | None = attempts.failed(error)
            else:
                pause_s = attempts.responded(response)
                if pause_s is None:
                    return cast(Result, result_of(response))
            time.sleep(pause_s or 0.0)

    def stream(self, path: str, last_event_id: str | None) -> AbstractContextManager[httpx.Response]:
        """Open a stream of events."""
        return self.http.stream(**self.options.stream(path, last_event_id), follow_redirects=False)


class AsyncTransport:
    """Sends calls; others run until their responses come."""

    def __init__(self, options: Options, http: httpx.AsyncClient) -> None:
        self.options = options
        self.http = http

    async def send(self, call: Call[Result]) -> Result:
        """Send a call, again if it must be, and return its result; see `Transport.send`."""
        attempts = Attempts(call, self.options.base_url, self.options.max_retries)
        request = self.options.request(call)
        while True:
            try:
                response = await self.http.send(self.http.build_request(**request), follow_redirects=False)
            except httpx.TransportError as error:
                pause_s: float | None = attempts.failed(error)
            else:
                pause_s = attempts.responded(response)
                if pause_s is None:
                    return cast(Result, result_of(response))
            await asyncio.sleep(pause_s or 0.0)

    def stream(self, path: str, last_event_id: str | None) -> AbstractAsyncContextManager[httpx.Response]:
        """Open a stream of events."""
        return self.http.stream(**self.options.stream(path, last_event_id), follow_redirects=False)


def result_of(response: httpx.Response) -> Any:
    """Return the JSON of a response; None where it has no body."""
    return response.json() if response.is_success and response.content else None
