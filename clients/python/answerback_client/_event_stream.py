"""Server-Sent Events, as bytes come in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: A line and what ends it. A carriage return at the end of what came so far may be half of an end.
_LINE = re.compile(rb"([^\r\n]*)(\r\n|\n|\r(?!$))")


@dataclass(frozen=True)
class ServerSentEvent:
    """One event as it was sent."""

    id: str
    type: str
    data: str


@dataclass
class Decoder:
    """Reads events out of the bytes of a stream, however these are cut.

    Attributes:
        heartbeats: comments so far.
        events: events so far.
    """

    heartbeats: int = 0
    events: int = 0
    _buffer: bytes = b""
    _id: str = ""
    _type: str = ""
    _data: list[str] = field(default_factory=list)

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Return the events that are complete with these bytes."""
        buffer = self._buffer + chunk
        events = []
        end = 0
        for line in _LINE.finditer(buffer):
            end = line.end()
            if (event := self._line(line[1].decode("utf-8", "replace"))) is not None:
                events.append(event)
        self._buffer = buffer[end:]
        self.events += len(events)
        return events

    def _line(self, line: str) -> ServerSentEvent | None:
        if not line:
            return self._dispatch()
        name, colon, value = line.partition(":")
        if not name and colon:
            self.heartbeats += 1
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        data, type = self._data, self._type
        self._data, self._type = [], ""
        return ServerSentEvent(self._id, type or "message", "\n".join(data)) if data else None
