"""Calls that end at their deadline, or once nobody waits for them, even while the other side says nothing.

A client's time-out bounds one read, not a call: a server that drips never runs into it, and a thread that waits in a
read cannot look whether its message was cancelled. So each read is made of short ones, and between them the call that
the thread is in says whether to go on. That holds before the first byte of a response as well as in a stream.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpcore2

#: A call is closed within this time of its deadline or of its revocation.
_LOOK_EVERY_S = 0.25

_thread = threading.local()


@dataclass(frozen=True, kw_only=True)
class _Call:
    ends: float
    revoked: Callable[[], bool]


@contextmanager
def call(*, ends: float, revoked: Callable[[], bool]) -> Iterator[None]:
    """End what this thread reads in the block at `ends` (of `time.monotonic`), or when `revoked` says so.

    The connection is closed then, and the reader sees a time-out.
    """
    _thread.call = _Call(ends=ends, revoked=revoked)
    try:
        yield
    finally:
        _thread.call = None


class WatchedBackend(httpcore2.NetworkBackend):
    """Opens connections as another backend does, and watches what is read from them."""

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
        return _WatchedStream(self._backend.connect_tcp(host, port, timeout, local_address, socket_options))

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.NetworkStream:
        return _WatchedStream(self._backend.connect_unix_socket(path, timeout, socket_options))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


class _WatchedStream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        watched: _Call | None = getattr(_thread, "call", None)
        if watched is None:
            return self._stream.read(max_bytes, timeout)
        ends = watched.ends if timeout is None else min(watched.ends, time.monotonic() + timeout)
        while (left := ends - time.monotonic()) > 0 and not watched.revoked():
            try:
                return self._stream.read(max_bytes, min(_LOOK_EVERY_S, left))
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
        return _WatchedStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def watch(client: Any) -> None:
    """Watch every connection that an `openai.OpenAI` client opens, through a proxy or not."""
    http = client._client  # neither the client nor httpx2 offers a public way to a network backend
    for transport in (http._transport, *http._mounts.values()):
        if transport is not None:
            pool = transport._pool
            pool._network_backend = WatchedBackend(pool._network_backend)
