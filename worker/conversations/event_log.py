"""Reads of the event log, for streams."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from worker.states import SLA_EVENTS
from worker.store.engine import Store
from worker.store.scope import Scope
from worker.store.tables import OPEN_MESSAGE, event, message


@dataclass(frozen=True, kw_only=True)
class LoggedEvent:
    """An event as it was recorded; `id` grows within a conversation, `message_id` is None for its own events."""

    id: int
    type: str
    message_id: str | None
    data: dict[str, Any]


def after(
    scope: Scope, last_id: int, *, conversation_id: str | None = None, message_id: str | None = None, limit: int
) -> list[LoggedEvent]:
    """Return up to `limit` events of a message, or of a conversation, that were recorded after `last_id`, in order.

    Those of the desk's own targets are left out, since customers read this log as well.
    """
    wanted = event.c.conversation_id == conversation_id if message_id is None else event.c.message_id == message_id
    columns = (event.c.id, event.c.type, event.c.message_id, event.c.data)
    statement = scope.select(event, *columns).where(wanted, event.c.id > last_id)
    statement = statement.where(event.c.type.not_in(SLA_EVENTS)).order_by(event.c.id).limit(limit)
    with scope.store.read() as connection:
        return [
            LoggedEvent(id=row.id, type=row.type, message_id=row.message_id, data=row.data)
            for row in connection.execute(statement)
        ]


def position(scope: Scope, conversation_id: str) -> tuple[int, frozenset[str]]:
    """Return the id of a conversation's newest event, 0 without one, and the ids of its open messages."""
    newest = sa.select(sa.func.max(event.c.id)).where(event.c.conversation_id == conversation_id)
    open_ids = sa.select(message.c.id).where(message.c.conversation_id == conversation_id, OPEN_MESSAGE)
    with scope.store.read() as connection:
        return connection.execute(newest).scalar() or 0, frozenset(connection.execute(open_ids).scalars())


def newest_id(store: Store) -> int:
    """Return the id of the newest event of all workspaces, 0 without one."""
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.max(event.c.id))).scalar() or 0


def changed_since(store: Store, last_id: int, *, limit: int) -> tuple[set[str], int]:
    """Return the conversations of the newest `limit` events after `last_id`, and the newest event's id or `last_id`."""
    statement = (
        sa.select(event.c.id, event.c.conversation_id)
        .where(event.c.id > last_id, event.c.conversation_id.is_not(None))
        .order_by(event.c.id.desc())
        .limit(limit)
    )
    with store.read() as connection:
        found = connection.execute(statement).all()
    return {row.conversation_id for row in found}, found[0].id if found else last_id
