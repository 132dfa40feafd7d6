"""The events of a message or a conversation: those of the event log, and pieces of answers while they are written."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from web.http.audience import View, unfiltered
from worker.conversations import contacts, event_log, listing
from worker.conversations.deltas import Delta, Deltas
from worker.conversations.event_log import LoggedEvent
from worker.conversations.outcomes import ENDED
from worker.reading.characters import one_line
from worker.store.scope import Scope

#: Events whose data is the whole message.
_WHOLE = (*ENDED, "replied")

#: An event id: the id of the last logged event, and that of the last delta where there is one.
_EVENT_ID = re.compile(r"(\d{1,18})(?:\.(\d{1,18}-\d{1,18}))?")
_BATCH = 100


@dataclass(frozen=True, kw_only=True)
class StreamEvent:
    """One event of a stream. A client that reconnects with its `id` receives everything after it."""

    id: str
    type: str
    data: dict[str, Any]

    @property
    def frame(self) -> str:
        """The event in the format of Server-Sent Events."""
        return f"id: {self.id}\nevent: {self.type}\ndata: {one_line(json.dumps(self.data, ensure_ascii=False))}\n\n"

    @property
    def json(self) -> str:
        """The event as JSON, for WebSockets."""
        return one_line(json.dumps({"id": self.id, "type": self.type, "data": self.data}, ensure_ascii=False))


class Feed:
    """The events of one conversation, from SQL, which has the outcomes, and from Redis, which has the deltas.

    A feed that starts at the beginning also includes the deltas of answers that are complete, while Redis keeps them.

    Attributes:
        ended: no further event will come.
        more: further events can be read now.
    """

    def __init__(
        self,
        deltas: Deltas,
        scope: Scope,
        conversation_id: str,
        *,
        message_id: str | None = None,
        last_id: str,
        view: View = unfiltered,
    ) -> None:
        """With `message_id`, return the events of this message only; `last_id` is the last one received, or empty."""
        position = _EVENT_ID.fullmatch(last_id) if last_id.isascii() else None
        self._deltas = deltas
        self._scope = scope
        self._conversation_id = conversation_id
        self._message_id = message_id
        self._view = view
        self._last_event = int(position[1]) if position else 0
        self._last_delta = (position and position[2]) or "0-0"
        self._take = 0
        self._ended_messages: set[str] = set()  # whose outcome was returned
        self.ended = False
        self.more = False

    def poll(self) -> list[StreamEvent]:
        """Return the events since the last call, in order."""
        read = self._deltas.after(self._conversation_id, self._last_delta)  # before the log: it has outcomes
        logged = event_log.after(
            self._scope,
            self._last_event,
            conversation_id=self._conversation_id,
            message_id=self._message_id,
            limit=_BATCH,
        )
        self._ended_messages -= {str(event.message_id) for event in logged if event.type == "queued"}  # retried
        deltas = self._current(read)
        events: list[StreamEvent] = []
        for event in logged:
            if event.type in ENDED and not _retried(event, logged):
                events += [self._delta(delta) for delta in deltas if event.message_id in delta.message_ids]
                deltas = [delta for delta in deltas if event.message_id not in delta.message_ids]
                self._ended_messages.add(str(event.message_id))
            events.append(self._event(event))
        events += [self._delta(delta) for delta in deltas]
        self._last_delta = read[-1].id if read else self._last_delta
        self.more = len(logged) == _BATCH
        self._polled([event.type for event in logged])
        if events and self._view is not unfiltered and contacts.goes_on_by_mail(self._scope, self._conversation_id):
            self.ended = True  # what comes by mail is not for whoever has the chat open
            return []
        return events

    def exists(self) -> bool:
        """Whether the conversation still exists; it may have been erased."""
        return listing.exists(self._scope, self._conversation_id)

    def _polled(self, types: list[str]) -> None:
        """Update the state of the feed after a poll that found events of these types."""

    def _wants(self, delta: Delta) -> bool:
        """Whether a delta belongs to this feed."""
        raise NotImplementedError

    def _current(self, deltas: list[Delta]) -> list[Delta]:
        """Return the deltas of this feed that belong to the last attempt and to messages without an outcome."""
        wanted = [
            delta for delta in deltas if self._wants(delta) and not self._ended_messages.issuperset(delta.message_ids)
        ]
        self._take = max([self._take, *(delta.take for delta in wanted)])
        return [delta for delta in wanted if delta.take == self._take]

    def _event(self, logged: LoggedEvent) -> StreamEvent:
        self._last_event = logged.id
        if logged.message_id is None:
            data = {"conversation_id": self._conversation_id, **logged.data}
        elif logged.type in _WHOLE:  # in its present state: it may have been retried since
            data = self._message_now(logged.message_id)
        else:
            data = {"message_id": logged.message_id, **logged.data}
        return StreamEvent(id=self._event_id, type=logged.type, data=self._view(logged.type, data))

    def _message_now(self, message_id: str) -> dict[str, Any]:
        return listing.get_message(self._scope, message_id)

    def _delta(self, delta: Delta) -> StreamEvent:
        self._last_delta = delta.id
        data = {"message_id": delta.message_ids[-1], **delta.data}
        return StreamEvent(id=self._event_id, type="delta", data=self._view("delta", data))

    @property
    def _event_id(self) -> str:
        return str(self._last_event) if self._last_delta == "0-0" else f"{self._last_event}.{self._last_delta}"


class MessageFeed(Feed):
    """The events of one message, until it has ended."""

    def __init__(
        self,
        deltas: Deltas,
        scope: Scope,
        message: Mapping[str, Any],
        *,
        last_id: str = "",
        view: View = unfiltered,
    ) -> None:
        """Start the feed of a message, of which `id`, `conversation_id` and `state` are used."""
        self._message = message
        self._first = True
        self._resumed = bool(last_id)
        super().__init__(
            deltas, scope, message["conversation_id"], message_id=message["id"], last_id=last_id, view=view
        )

    def poll(self) -> list[StreamEvent]:
        """Return the events since the last call; for a message whose events have expired, only its outcome."""
        first = self._first
        events = super().poll()
        if first and not events and not self._resumed and self.ended:
            data = self._view(self._message["state"], self._message_now(self._message["id"]))
            events = [StreamEvent(id=self._event_id, type=self._message["state"], data=data)]
        return events

    def _polled(self, types: list[str]) -> None:
        if len(types) < _BATCH and (types[-1] in _WHOLE if types else self._first):
            self.ended = self._message["state"] in ENDED
        self._first = False

    def _wants(self, delta: Delta) -> bool:
        return self._message["id"] in delta.message_ids

    def _message_now(self, message_id: str) -> dict[str, Any]:
        message = super()._message_now(message_id)
        self._message = message
        return message

    def _delta(self, delta: Delta) -> StreamEvent:
        event = super()._delta(delta)
        return StreamEvent(id=event.id, type=event.type, data={**event.data, "message_id": self._message["id"]})


class ConversationFeed(Feed):
    """The events of a conversation and of all its messages, from now on or after the last event received.

    The deltas of an answer that is being written are included from its beginning.
    """

    def __init__(
        self, deltas: Deltas, scope: Scope, conversation_id: str, *, last_id: str = "", view: View = unfiltered
    ) -> None:
        super().__init__(deltas, scope, conversation_id, last_id=last_id, view=view)
        self._open: frozenset[str] | None = None  # messages whose earlier deltas are wanted; None: those of all
        if not last_id:
            self._last_event, self._open = event_log.position(scope, conversation_id)

    def _wants(self, delta: Delta) -> bool:
        return self._open is None or not self._open.isdisjoint(delta.message_ids)

    def _polled(self, types: list[str]) -> None:
        del types
        self._open = None


def _retried(ended: LoggedEvent, events: Sequence[LoggedEvent]) -> bool:
    """Whether a message was retried after it had ended: its deltas then belong to the new attempt."""
    return any(event.message_id == ended.message_id and event.id > ended.id for event in events)
