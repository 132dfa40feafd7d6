"""Streams as HTTP responses: Server-Sent Events, and how a socket is detached from gunicorn for the event loop."""

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from typing import Any, NoReturn, cast

import flask
from flask import Response

from web.http.api import services, waiters
from web.streaming.connections import HEARTBEAT_S, MAX_S
from web.streaming.feeds import StreamEvent
from web.streaming.streams import Streams
from web.streaming.subscriptions import Subscription
from worker.conversations.wakeups import Wakeups

Environ = MutableMapping[str, Any]

#: Tells the client to reconnect after 2,000 ms.
_RETRY = b"retry: 2000\n\n"
_POLL_INTERVAL_S = 1.0
_HOP_BY_HOP = ("connection", "content-length", "transfer-encoding")


class ServerSentEvents:
    """The format of `text/event-stream`."""

    def head(self, headers: Iterable[tuple[str, str]]) -> bytes:
        """Return the HTTP response up to the first event."""
        lines = ["HTTP/1.1 200 OK"]
        lines += [f"{name}: {value}" for name, value in headers if name.lower() not in _HOP_BY_HOP]
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + _RETRY

    def encode(self, events: Sequence[StreamEvent]) -> bytes:
        """Return events, a block each."""
        return "".join(event.frame for event in events).encode()

    def heartbeat(self) -> bytes:
        """Return a comment, which clients ignore."""
        return b": heartbeat\n\n"

    def closing(self) -> bytes:
        """Return nothing: clients reconnect by themselves."""
        return b""

    def received(self, data: bytes) -> tuple[bytes, list[str], bool]:
        """Ignore received bytes: the stream has one direction."""
        del data
        return b"", [], False


class StreamResponse(Response):
    """A response that outlives its request: `streams` serves it where the server can release the socket.

    Gunicorn without TLS always can; elsewhere, as in tests, the server's own thread iterates over the response.
    """

    def __init__(self, subscription: Subscription) -> None:
        chunks = _chunks(subscription, services().wakeups, waiters())  # resolved now: Flask's context ends earlier
        super().__init__(chunks, mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self.call_on_close(subscription.release)
        self._subscription = subscription

    def __call__(self, environ: Environ, start_response: Any) -> Any:
        """Respond through WSGI, or take the socket."""
        connection = socket_of(environ)
        if connection is None or environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(cast(dict[str, Any], environ), start_response)
        return self._take(connection)

    def _take(self, connection: socket.socket) -> NoReturn:
        """Take the socket from gunicorn; StopIteration tells it that there is nothing to send or to close."""
        head = self._subscription.format.head(list(self.headers))
        streams().take(socket.socket(fileno=connection.detach()), head, self._subscription)
        raise StopIteration


def socket_of(environ: Environ) -> socket.socket | None:
    """Return the socket of a request if the server can release it, else None."""
    found = environ.get("gunicorn.socket")
    plain = isinstance(found, socket.socket) and not isinstance(found, ssl.SSLSocket)
    return found if plain and environ.get("HTTP_VERSION") != "2" else None


def streams() -> Streams:
    """Return the open streams of this process."""
    found: Streams = flask.current_app.extensions["answerback_streams"]
    return found


def _chunks(subscription: Subscription, wakeups: Wakeups, free: threading.Semaphore) -> Iterator[bytes]:
    """Yield a stream on the server's own thread; without a free thread, only the events until now."""
    source, format = subscription.source, subscription.format
    may_wait = free.acquire(blocking=False)
    began = sent = time.monotonic()
    try:
        yield _RETRY
        with wakeups.subscribe(subscription.conversation_id) as changed:
            while True:
                events = source.poll()
                if events:
                    yield format.encode(events)
                    sent = time.monotonic()
                if source.ended or time.monotonic() - began >= MAX_S:
                    return
                if source.more:
                    continue
                if not may_wait:
                    return
                if time.monotonic() - sent >= HEARTBEAT_S:
                    if not (subscription.valid() and source.exists()):
                        return
                    yield format.heartbeat()
                    sent = time.monotonic()
                changed.wait(_POLL_INTERVAL_S)
                changed.clear()
    finally:
        if may_wait:
            free.release()
