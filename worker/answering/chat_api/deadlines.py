"""HTTP calls that end at their deadline or when they are revoked, even while the server sends nothing.

A client's read time-out bounds one read, not a call: a server that sends a byte now and then never exceeds it, and a
thread that is blocked in a read cannot check whether its message was cancelled. So each read is split into short ones,
and between them the deadline and the revocation of the thread's current call are checked. This covers the time before
the first byte of a response as well as a stream.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpcore2

from worker import compat

#: A call ends at most this long after its deadline or its revocation.
_POLL_INTERVAL_S = 0.25

_thread = threading.local()


@dataclass(frozen=True, kw_only=True)
class _Call:
    ends: float
    revoked: Callable[[], bool]


@contextmanager
def call(*, ends: float, revoked: Callable[[], bool]) -> Iterator[None]:
    """Bound the reads of this thread inside the block: until `ends` (`time.monotonic`) or until `revoked` returns True.

    After that a read raises a time-out and its connection is closed.
    """
    _thread.call = _Call(ends=ends, revoked=revoked)
    try:
        yield
    finally:
        _thread.call = None


class DeadlineBackend(httpcore2.NetworkBackend):
    """A network backend that opens connections with another backend and bounds reads from them by `call`."""

    def __init__(self, backend: httpcore2.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        return _DeadlineStream(self._backend.connect_tcp(host, port, timeout, local_address, socket_options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.NetworkStream:
        return _DeadlineStream(self._backend.connect_unix_socket(path, timeout, socket_options))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _DeadlineStream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        current: _Call | None = getattr(_thread, "call", None)
        if current is None:
            return self._stream.read(max_bytes, timeout)
        ends = current.ends if timeout is None else min(current.ends, time.monotonic() + timeout)
        while (left := ends - time.monotonic()) > 0 and not current.revoked():
            try:
                return self._stream.read(max_bytes, min(_POLL_INTERVAL_S, left))
            except httpcore2.ReadTimeout:
                continue
        raise httpcore2.ReadTimeout("the call is over")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def install(client: Any) -> None:
    """Bound the reads of every connection that an `openai.OpenAI` client opens, directly or through a proxy."""
    compat.wrap_network_backend(client, DeadlineBackend)
