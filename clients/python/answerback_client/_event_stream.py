"""Server-Sent Events, as bytes come in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: What ends a line. A carriage return that is the last byte so far may be half of an end.
_END = re.compile(rb"\r\n|\n|\r(?!\Z)")


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
    _buffer: bytearray = field(default_factory=bytearray)
    _id: str = ""
    _type: str = ""
    _data: list[str] = field(default_factory=list)

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Return the events that are complete with these bytes."""
        # What came before has no end of a line, but for a carriage return that may be its last byte.
        searched = max(len(self._buffer) - 1, 0)
        self._buffer += chunk
        events = []
        begin = 0
        for end in _END.finditer(self._buffer, searched):
            line = self._buffer[begin : end.start()]
            begin = end.end()
            if (event := self._line(line.decode("utf-8", "replace"))) is not None:
                events.append(event)
        del self._buffer[:begin]
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
