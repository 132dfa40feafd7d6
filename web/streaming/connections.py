"""The connection of one streaming client. All of it runs in the event loop of `web.streaming.streams`."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Protocol

from web.streaming.feeds import StreamEvent
from web.streaming.subscriptions import Subscription
from worker.telemetry import logs

log = logs.get(__name__)

#: An idle connection gets a heartbeat after this time.
HEARTBEAT_S = 15.0

#: A stream is closed after this time; the client reconnects and continues after the last event.
MAX_S = 300.0

#: A connection whose client reads nothing for this long is closed.
WRITE_TIMEOUT_S = 30.0

#: Bytes in the write buffer from which on no further events are read for the client.
_MAX_BUFFERED = 64 * 1024

#: Messages of one client that may wait for the one before; more close the connection.
_MAX_UNHANDLED = 20


class ConnectionHost(Protocol):
    """The registry and the threads that a connection uses (`streams.Streams`)."""

    def opened(self, connection: "StreamConnection") -> None:
        """Register a connection that is open."""

    def closed(self, connection: "StreamConnection") -> None:
        """Remove a connection that is closed."""

    def read(self, work: Callable[[], Any], then: Callable[["Future[Any]"], None]) -> None:
        """Run `work` on a thread for reads, then `then` in the loop."""

    def handle(self, work: Callable[[], Any], then: Callable[["Future[Any]"], None]) -> None:
        """Run `work` on a thread for messages of clients, then `then` in the loop."""


class StreamConnection(asyncio.Protocol):
    """One client that receives the events of a conversation."""

    def __init__(self, host: ConnectionHost, subscription: Subscription, head: bytes) -> None:
        self.conversation_id = subscription.conversation_id
        self.release = subscription.release
        self._host = host
        self._source = subscription.source
        self._format = subscription.format
        self._handle = subscription.handle
        self._valid = subscription.valid
        self._closing_since: float | None = None
        self._head = head
        self._inbox: deque[str] = deque()
        self._handling = False
        self._transport: asyncio.Transport | None = None
        self._polling = self._poll_again = False
        self._paused_since: float | None = None
        self._opened_at = self._sent_at = time.monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the head of the response and the first events."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_MAX_BUFFERED)
        transport.write(self._head)
        self._host.opened(self)
        self.wake()

    def data_received(self, data: bytes) -> None:
        """Respond to received bytes, and handle the messages in them one after the other."""
        if self._transport is None:
            return
        response, texts, close = self._format.received(data)
        self._transport.write(response)
        self._inbox.extend(texts)
        if close or len(self._inbox) > _MAX_UNHANDLED:
            self.close()
        else:
            self._handle_next()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the client's slot."""
        del exc
        self._transport = None
        self._host.closed(self)
        self.release()

    def pause_writing(self) -> None:
        """Read no events for a slow client, and nothing from it; the events stay in the event log."""
        self._paused_since = time.monotonic()
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Continue with a client that has caught up."""
        self._paused_since = None
        if self._transport is not None:
            self._transport.resume_reading()
        self.wake()

    def wake(self) -> None:
        """Poll the source for new events."""
        if self._transport is None or self._paused_since is not None:
            return
        if self._polling:
            self._poll_again = True
            return
        self._polling, self._poll_again = True, False
        self._host.read(self._source.poll, self._polled)

    def tick(self, now: float) -> None:
        """Close a connection that is stuck or too old, or send a heartbeat that is due."""
        if self._transport is None:
            return
        stuck_since = self._paused_since or self._closing_since
        if stuck_since is not None:
            if now - stuck_since > WRITE_TIMEOUT_S:
                self._transport.abort()
        elif now - self._opened_at > MAX_S:
            self.close()
        elif now - self._sent_at > HEARTBEAT_S:
            self._sent_at = now
            self._host.read(lambda: self._valid() and self._source.exists(), self._send_heartbeat)

    def close(self) -> None:
        """Close the connection once everything in the write buffer has been sent."""
        if self._transport is not None and not self._transport.is_closing():
            self._closing_since = time.monotonic()
            self._transport.write(self._format.closing())
            self._transport.close()

    def _handle_next(self) -> None:
        if self._inbox and not self._handling and self._transport is not None:
            self._handling = True
            self._host.handle(partial(self._handle, self._inbox.popleft()), self._handled)

    def _handled(self, future: "Future[list[StreamEvent]]") -> None:
        self._handling = False
        if self._transport is not None and not self._transport.is_closing():
            self._send(future.result())
            self._handle_next()

    def _polled(self, future: "Future[list[StreamEvent]]") -> None:
        self._polling = False
        if self._transport is None:
            return
        try:
            events = future.result()
        except Exception as error:  # noqa: BLE001 - the database is unavailable, or the conversation was erased
            log.warning("stream_interrupted", cause=str(error))
            self.close()
            return
        if events:
            self._send(events)
        if self._source.ended:
            self.close()
        elif self._poll_again or self._source.more:
            self.wake()

    def _send(self, events: list[StreamEvent]) -> None:
        assert self._transport is not None
        self._transport.write(self._format.encode(events))
        self._sent_at = time.monotonic()

    def _send_heartbeat(self, future: "Future[bool]") -> None:
        if self._transport is None:
            return
        if future.exception() is None and not future.result():
            self.close()
        else:
            self._transport.write(self._format.heartbeat())
