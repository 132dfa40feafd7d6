"""What happens to a message, for whoever reads along: its events from the log, and the answer while it is written."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.conversations import wire
from worker.conversations.deltas import Delta
from worker.conversations.outcomes import ENDED
from worker.errors import NotFound
from worker.services import Services
from worker.store.scope import Scope
from worker.store.tables import event, message

_PLACE = re.compile(r"(\d{1,18})(?:\.(\d{1,18}-\d{1,18}))?")
_MOST_AT_ONCE = 100


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


class Feed:
    """The events of one message. Reads SQL, which has the outcome, and Redis, which has what is said before it.

    A feed that begins at the beginning tells also of an answer that is there already how it was said, for as long as
    that is kept. `ended` says that nothing more will come.
    """

    def __init__(self, built: Services, mine: Scope, row: Mapping[Any, Any], *, last_id: str = "") -> None:
        """`row` is the message; `last_id` is the id of the last event that was received, if there was one."""
        place = _PLACE.fullmatch(last_id) if last_id.isascii() else None
        self._built = built
        self._mine = mine
        self._row = row
        self._after = int(place[1]) if place else 0
        self._said = (place and place[2]) or "0-0"
        self._take = 0
        self.ended = False
        self._first = True

    def look(self) -> list[Told]:
        """Return what was not told yet, in order."""
        deltas = self._deltas()  # before the log, so that no piece comes behind the outcome
        statement = (
            self._mine.select(event)
            .where(event.c.message_id == self._row["id"], event.c.id > self._after)
            .order_by(event.c.id)
            .limit(_MOST_AT_ONCE)
        )
        with self._mine.store.read() as connection:
            found = list(connection.execute(statement).mappings())
        last = max((place for place, one in enumerate(found) if one["type"] in ENDED), default=len(found))
        told = [self._event(one) for one in found[:last]]
        told += [self._delta(one) for one in deltas]
        told += [self._event(one) for one in found[last:]]
        if len(found) < _MOST_AT_ONCE and (found[-1]["type"] in ENDED if found else self._first):
            self.ended = self._row["state"] in ENDED
        self._first = False
        return told

    def lives(self) -> bool:
        """Whether the message is still there: it may have been erased."""
        try:
            self._read()
        except NotFound:
            return False
        return True

    def _deltas(self) -> list[Delta]:
        mine = [
            one
            for one in self._built.deltas.after(self._row["conversation_id"], self._said)
            if self._row["id"] in one.message_ids
        ]
        self._take = max([self._take, *(one.take for one in mine)])
        return [one for one in mine if one.take == self._take]

    def _event(self, row: Mapping[Any, Any]) -> Told:
        self._after = row["id"]
        data = {"message_id": self._row["id"], **row["data"]}
        if row["type"] in ENDED:  # perhaps tried again since: then more follows
            self._read()
            data = wire.message(self._row)
        return Told(id=self._place, type=row["type"], data=data)

    def _delta(self, delta: Delta) -> Told:
        self._said = delta.id
        return Told(id=self._place, type="delta", data={"message_id": self._row["id"], **delta.data})

    @property
    def _place(self) -> str:
        return str(self._after) if self._said == "0-0" else f"{self._after}.{self._said}"

    def _read(self) -> None:
        self._row = read_message(self._mine, self._row["id"])


def read_message(mine: Scope, message_id: str) -> Mapping[Any, Any]:
    """Return a message with its reply.

    Raises:
        NotFound: the workspace has no such message.
    """
    statement = wire.with_reply().where(message.c.workspace_id == mine.workspace_id, message.c.id == message_id)
    with mine.store.read() as connection:
        row = connection.execute(statement).mappings().first()
    if row is None:
        raise NotFound("There is no message with this id.")
    return row
