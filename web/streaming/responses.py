"""Streams as responses: Server-Sent Events, and how a socket leaves the server."""

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from typing import Any, NoReturn, cast

import flask
from flask import Response

from web.http.api import services, waiters
from web.streaming.feeds import Told
from web.streaming.streams import HEARTBEAT_S, MAX_S, Streams, Telling
from worker.services import Services

Environ = MutableMapping[str, Any]

#: How soon a client comes back, in milliseconds.
_RETRY = b"retry: 2000\n\n"
_LOOK_EVERY_S = 1.0
_OF_THE_CONNECTION = ("connection", "content-length", "transfer-encoding")


class EventLines:
    """Server-Sent Events."""

    def head(self, headers: Iterable[tuple[str, str]]) -> bytes:
        """Return the response up to its first event."""
        lines = ["HTTP/1.1 200 OK"]
        lines += [f"{name}: {value}" for name, value in headers if name.lower() not in _OF_THE_CONNECTION]
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + _RETRY

    def told(self, events: Sequence[Told]) -> bytes:
        """Return events, a block each."""
        return "".join(one.frame for one in events).encode()

    def heartbeat(self) -> bytes:
        """Return a comment."""
        return b": still here\n\n"

    def farewell(self) -> bytes:
        """Return nothing: the client comes back by itself."""
        return b""

    def received(self, data: bytes) -> tuple[bytes, list[str], bool]:
        """Take no notice: a reader has nothing to say."""
        del data
        return b"", [], False


class StreamResponse(Response):
    """A response that goes on after its request: on the loop of `streams` where the server lets a socket go.

    Under gunicorn without TLS that is always so; elsewhere, as in tests, the server's own thread iterates over it.
    """

    def __init__(self, told: Telling) -> None:
        iterated = _iterated(told, services(), waiters())  # which outlives what Flask knows of the request
        super().__init__(iterated, mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self.call_on_close(told.end)
        self._told = told

    def __call__(self, environ: Environ, start_response: Any) -> Any:
        """Answer as WSGI has it, or take the socket."""
        connection = socket_of(environ)
        if connection is None or environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(cast(dict[str, Any], environ), start_response)
        return self._leave(connection)

    def _leave(self, connection: socket.socket) -> NoReturn:
        """Take the socket from gunicorn, which is told by StopIteration that there is nothing to answer or to close."""
        head = self._told.wire.head(list(self.headers))
        streams().take(socket.socket(fileno=connection.detach()), head, self._told)
        raise StopIteration


def socket_of(environ: Environ) -> socket.socket | None:
    """Return the socket of a request if the server lets it go."""
    found = environ.get("gunicorn.socket")
    plain = isinstance(found, socket.socket) and not isinstance(found, ssl.SSLSocket)
    return found if plain and environ.get("HTTP_VERSION") != "2" else None


def streams() -> Streams:
    """Return the open streams of this process."""
    found: Streams = flask.current_app.extensions["answerback_streams"]
    return found


def _iterated(told: Telling, built: Services, free: threading.Semaphore) -> Iterator[bytes]:
    """Yield what a client is told, while a thread can be spared; else what is known, and the client comes back."""
    spared = free.acquire(blocking=False)
    began = said = time.monotonic()
    try:
        yield _RETRY
        with built.wakeups.subscribe(told.conversation_id) as changed:
            while True:
                found = told.source.look()
                if found:
                    yield told.wire.told(found)
                    said = time.monotonic()
                if told.source.ended or time.monotonic() - began >= MAX_S:
                    return
                if told.source.more:
                    continue
                if not spared:
                    return
                if time.monotonic() - said >= HEARTBEAT_S:
                    if not (told.valid() and told.source.lives()):
                        return
                    yield told.wire.heartbeat()
                    said = time.monotonic()
                changed.wait(_LOOK_EVERY_S)
                changed.clear()
    finally:
        if spared:
            free.release()
