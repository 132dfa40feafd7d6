"""What happens, for whoever reads along: events from the log, and answers while they are written."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from web.http.audience import View, all_of_it
from worker.conversations import serializers
from worker.conversations.deltas import Delta
from worker.conversations.outcomes import ENDED
from worker.errors import NotFound
from worker.services import Services
from worker.store.scope import Scope
from worker.store.tables import OPEN_MESSAGE, conversation, event, message

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
        where: sa.ColumnElement[bool],
        *,
        last_id: str,
        view: View = all_of_it,
    ) -> None:
        """`where` chooses the events; `last_id` is the id of the last one that was received, or empty."""
        place = _PLACE.fullmatch(last_id) if last_id.isascii() else None
        self._built = built
        self._mine = mine
        self._conversation_id = conversation_id
        self._where = where
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
        statement = (
            self._mine.select(event)
            .where(self._where, event.c.id > self._after)
            .order_by(event.c.id)
            .limit(_MAX_AT_ONCE)
        )
        with self._mine.store.read() as connection:
            found = list(connection.execute(statement).mappings())
        self._over -= {one["message_id"] for one in found if one["type"] == "queued"}  # tried again
        deltas = self._current(read)
        told: list[Told] = []
        for one in found:
            if one["type"] in ENDED and not _begins_again(one, found):
                told += [self._delta(delta) for delta in deltas if one["message_id"] in delta.message_ids]
                deltas = [delta for delta in deltas if one["message_id"] not in delta.message_ids]
                self._over.add(one["message_id"])
            told.append(self._event(one))
        told += [self._delta(one) for one in deltas]
        self._said = read[-1].id if read else self._said
        self.more = len(found) == _MAX_AT_ONCE
        self._looked([one["type"] for one in found])
        return told

    def lives(self) -> bool:
        """Whether the conversation is still there: it may have been erased."""
        try:
            self._mine.get(conversation, self._conversation_id, columns=(conversation.c.id,))
        except NotFound:
            return False
        return True

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

    def _event(self, row: Mapping[Any, Any]) -> Told:
        self._after = row["id"]
        data = {"message_id": row["message_id"], **row["data"]}
        if row["type"] in _WHOLE:  # as it is by now: perhaps it was tried again since
            data = self._whole(row["message_id"])
        elif row["message_id"] is None:
            data = {"conversation_id": self._conversation_id, **row["data"]}
        return Told(id=self._place, type=row["type"], data=self._view(row["type"], data))

    def _whole(self, message_id: str) -> dict[str, Any]:
        return serializers.message(read_message(self._mine, message_id))

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
        self, built: Services, mine: Scope, row: Mapping[Any, Any], *, last_id: str = "", view: View = all_of_it
    ) -> None:
        """`row` is the message."""
        self._row = row
        self._first = True
        self._resumed = bool(last_id)
        where = event.c.message_id == row["id"]
        super().__init__(built, mine, row["conversation_id"], where, last_id=last_id, view=view)

    def look(self) -> list[Told]:
        """Return what was not told yet; of a message whose events are no longer kept, how it ended."""
        first = self._first
        told = super().look()
        if first and not told and not self._resumed and self.ended:
            data = self._view(self._row["state"], self._whole(self._row["id"]))
            told = [Told(id=self._place, type=self._row["state"], data=data)]
        return told

    def _looked(self, types: list[str]) -> None:
        if len(types) < _MAX_AT_ONCE and (types[-1] in _WHOLE if types else self._first):
            self.ended = self._row["state"] in ENDED
        self._first = False

    def _wants(self, delta: Delta) -> bool:
        return self._row["id"] in delta.message_ids

    def _whole(self, message_id: str) -> dict[str, Any]:
        self._row = read_message(self._mine, message_id)
        return serializers.message(self._row)

    def _delta(self, delta: Delta) -> Told:
        told = super()._delta(delta)
        return Told(id=told.id, type=told.type, data={**told.data, "message_id": self._row["id"]})


class ConversationFeed(Feed):
    """The events of all messages of a conversation, and of the conversation; from now on, or from where one was.

    Of an answer that is being written now, it tells also what was said of it before.
    """

    def __init__(
        self, built: Services, mine: Scope, conversation_id: str, *, last_id: str = "", view: View = all_of_it
    ) -> None:
        where = event.c.conversation_id == conversation_id
        super().__init__(built, mine, conversation_id, where, last_id=last_id, view=view)
        self._open: frozenset[str] | None = None  # messages of which earlier pieces are wanted; all of them when None
        if not last_id:
            running = sa.select(message.c.id).where(message.c.conversation_id == conversation_id, OPEN_MESSAGE)
            with mine.store.read() as connection:
                self._after = connection.execute(sa.select(sa.func.max(event.c.id)).where(where)).scalar() or 0
                self._open = frozenset(connection.execute(running).scalars())

    def _wants(self, delta: Delta) -> bool:
        return self._open is None or not self._open.isdisjoint(delta.message_ids)

    def _looked(self, types: list[str]) -> None:
        del types
        self._open = None


def _begins_again(ended: Mapping[Any, Any], events: list[sa.RowMapping]) -> bool:
    """Whether a message was tried again after it had ended; what is said of it then belongs to that."""
    return any(one["message_id"] == ended["message_id"] and one["id"] > ended["id"] for one in events)


def read_message(mine: Scope, message_id: str) -> Mapping[Any, Any]:
    """Return a message with its reply.

    Raises:
        NotFound: the workspace has no such message.
    """
    statement = serializers.with_reply().where(message.c.workspace_id == mine.workspace_id, message.c.id == message_id)
    with mine.store.read() as connection:
        row = connection.execute(statement).mappings().first()
    if row is None:
        raise NotFound("There is no message with this id.")
    return row
