"""Subscriptions: a source of events, the format in which they are sent, and the client that receives them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from web.streaming.feeds import StreamEvent


class EventSource(Protocol):
    """The events of one stream, such as `feeds.Feed`.

    Attributes:
        ended: no further event will come.
        more: further events can be read now.
    """

    ended: bool
    more: bool

    def poll(self) -> list[StreamEvent]:
        """Return the events since the last call, in order."""
        ...

    def exists(self) -> bool:
        """Whether what the events are of still exists."""
        ...


class StreamFormat(Protocol):
    """The protocol that a client speaks: Server-Sent Events or WebSocket."""

    def head(self, headers: Iterable[tuple[str, str]]) -> bytes:
        """Return the HTTP response up to the first event."""
        ...

    def encode(self, events: Sequence[StreamEvent]) -> bytes:
        """Return events in the format of the protocol."""
        ...

    def heartbeat(self) -> bytes:
        """Return the bytes that keep an idle connection open."""
        ...

    def closing(self) -> bytes:
        """Return the bytes to send before the connection is closed."""
        ...

    def received(self, data: bytes) -> tuple[bytes, list[str], bool]:
        """Return the response to received bytes, the client's complete messages, and whether to close."""
        ...


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """One client's subscription to events.

    Attributes:
        conversation_id: the conversation whose changes wake the subscription; `wakeups.ANY` for all.
        release: called once or more when the stream has ended, for whatever reason.
        handle: handles a message of the client and returns the events to send back.
        valid: whether the key, token or login that opened the stream is still valid.
    """

    conversation_id: str
    source: EventSource
    format: StreamFormat
    release: Callable[[], None]
    handle: Callable[[str], list[StreamEvent]] = lambda _text: []
    valid: Callable[[], bool] = lambda: True
