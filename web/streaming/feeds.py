"""What happens, for whoever reads along: events from the log, and answers while they are written."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from web.http.audience import View, all_of_it
from worker.conversations import event_log, listing
from worker.conversations.deltas import Delta
from worker.conversations.event_log import LoggedEvent
from worker.conversations.outcomes import ENDED
from worker.services import Services
from worker.store.scope import Scope

#: Events whose data is the whole message.
_WHOLE = (*ENDED, "replied")

_PLACE = re.compile(r"(\d{1,18})(?:\.(\d{1,18}-\d{1,18}))?")
_MAX_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class Told:
    """One event, as a stream sends it. `id` names the place behind it: who comes back with it misses nothing."""

    id: str
    type: str
    data: dict[str, Any]

    @property
    def frame(self) -> str:
        """The event as Server-Sent Events have it."""
        return f"id: {self.id}\nevent: {self.type}\ndata: {json.dumps(self.data, ensure_ascii=False)}\n\n"

    @property
    def json(self) -> str:
        """The event as a WebSocket has it."""
        return json.dumps({"id": self.id, "type": self.type, "data": self.data}, ensure_ascii=False)


class Feed:
    """The events of one conversation. Reads SQL, which has the outcome, and Redis, which has what is said before it.

    A feed that begins at the beginning tells also of an answer that is there already how it was said, for as long as
    that is kept. `ended` says that nothing more will come, `more` that there is more already.
    """

    def __init__(
        self,
        built: Services,
        mine: Scope,
        conversation_id: str,
        *,
        message_id: str | None = None,
        last_id: str,
        view: View = all_of_it,
    ) -> None:
        """With `message_id`, take the events of this message alone; `last_id` is the last one received, or empty."""
        place = _PLACE.fullmatch(last_id) if last_id.isascii() else None
        self._built = built
        self._mine = mine
        self._conversation_id = conversation_id
        self._message_id = message_id
        self._view = view
        self._after = int(place[1]) if place else 0
        self._said = (place and place[2]) or "0-0"
        self._take = 0
        self._over: set[str] = set()  # messages of which the outcome was told
        self.ended = False
        self.more = False

    def look(self) -> list[Told]:
        """Return what was not told yet, in order."""
        read = self._built.deltas.after(self._conversation_id, self._said)  # before the log, which has the outcomes
        found = event_log.after(
            self._mine,
            self._after,
            conversation_id=self._conversation_id,
            message_id=self._message_id,
            limit=_MAX_AT_ONCE,
        )
        self._over -= {str(one.message_id) for one in found if one.type == "queued"}  # tried again
        deltas = self._current(read)
        told: list[Told] = []
        for one in found:
            if one.type in ENDED and not _begins_again(one, found):
                told += [self._delta(delta) for delta in deltas if one.message_id in delta.message_ids]
                deltas = [delta for delta in deltas if one.message_id not in delta.message_ids]
                self._over.add(str(one.message_id))
            told.append(self._event(one))
        told += [self._delta(one) for one in deltas]
        self._said = read[-1].id if read else self._said
        self.more = len(found) == _MAX_AT_ONCE
        self._looked([one.type for one in found])
        return told

    def lives(self) -> bool:
        """Whether the conversation is still there: it may have been erased."""
        return listing.exists(self._mine, self._conversation_id)

    def _looked(self, types: list[str]) -> None:
        """Take notice of what was found last."""

    def _wants(self, delta: Delta) -> bool:
        """Whether a piece is to be told."""
        raise NotImplementedError

    def _current(self, deltas: list[Delta]) -> list[Delta]:
        """Return the pieces that are wanted, of the last attempt alone, and none that comes behind its outcome."""
        wanted = [one for one in deltas if self._wants(one) and not self._over.issuperset(one.message_ids)]
        self._take = max([self._take, *(one.take for one in wanted)])
        return [one for one in wanted if one.take == self._take]

    def _event(self, logged: LoggedEvent) -> Told:
        self._after = logged.id
        if logged.message_id is None:
            data = {"conversation_id": self._conversation_id, **logged.data}
        elif logged.type in _WHOLE:  # as it is by now: perhaps it was tried again since
            data = self._whole(logged.message_id)
        else:
            data = {"message_id": logged.message_id, **logged.data}
        return Told(id=self._place, type=logged.type, data=self._view(logged.type, data))

    def _whole(self, message_id: str) -> dict[str, Any]:
        return listing.get_message(self._mine, message_id)

    def _delta(self, delta: Delta) -> Told:
        self._said = delta.id
        data = {"message_id": delta.message_ids[-1], **delta.data}
        return Told(id=self._place, type="delta", data=self._view("delta", data))

    @property
    def _place(self) -> str:
        return str(self._after) if self._said == "0-0" else f"{self._after}.{self._said}"


class MessageFeed(Feed):
    """The events of one message, until it has ended."""

    def __init__(
        self, built: Services, mine: Scope, message: Mapping[str, Any], *, last_id: str = "", view: View = all_of_it
    ) -> None:
        """Begin the feed of a message, given in the form of the API; of it, `id` and the like are used."""
        self._message = message
        self._first = True
        self._resumed = bool(last_id)
        super().__init__(built, mine, message["conversation_id"], message_id=message["id"], last_id=last_id, view=view)

    def look(self) -> list[Told]:
        """Return what was not told yet; of a message whose events are no longer kept, how it ended."""
        first = self._first
        told = super().look()
        if first and not told and not self._resumed and self.ended:
            data = self._view(self._message["state"], self._whole(self._message["id"]))
            told = [Told(id=self._place, type=self._message["state"], data=data)]
        return told

    def _looked(self, types: list[str]) -> None:
        if len(types) < _MAX_AT_ONCE and (types[-1] in _WHOLE if types else self._first):
            self.ended = self._message["state"] in ENDED
        self._first = False

    def _wants(self, delta: Delta) -> bool:
        return self._message["id"] in delta.message_ids

    def _whole(self, message_id: str) -> dict[str, Any]:
        message = listing.get_message(self._mine, message_id)
        self._message = message
        return message

    def _delta(self, delta: Delta) -> Told:
        told = super()._delta(delta)
        return Told(id=told.id, type=told.type, data={**told.data, "message_id": self._message["id"]})


class ConversationFeed(Feed):
    """The events of all messages of a conversation, and of the conversation; from now on, or from where one was.

    Of an answer that is being written now, it tells also what was said of it before.
    """

    def __init__(
        self, built: Services, mine: Scope, conversation_id: str, *, last_id: str = "", view: View = all_of_it
    ) -> None:
        super().__init__(built, mine, conversation_id, last_id=last_id, view=view)
        self._open: frozenset[str] | None = None  # messages of which earlier pieces are wanted; all of them when None
        if not last_id:
            self._after, self._open = event_log.position(mine, conversation_id)

    def _wants(self, delta: Delta) -> bool:
        return self._open is None or not self._open.isdisjoint(delta.message_ids)

    def _looked(self, types: list[str]) -> None:
        del types
        self._open = None


def _begins_again(ended: LoggedEvent, events: Sequence[LoggedEvent]) -> bool:
    """Whether a message was retried after it had ended: its deltas then belong to the new attempt."""
    return any(one.message_id == ended.message_id and one.id > ended.id for one in events)
