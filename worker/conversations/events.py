"""Record events in the transaction of the change that they report.

Polling, streams and callbacks are views of this one log. Recording an event delivers nothing: `fan_out` enqueues
the deliveries to endpoints, tickets and agents.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from worker.states import EventType
from worker.store.engine import Prepared
from worker.store.rows import Conversation, Event, Message
from worker.store.tables import event

_INSERT_MANY = event.insert().returning(event.c.id, sort_by_parameter_order=True)


def record_events(
    tx: sa.Connection, messages: Sequence[Message], type: EventType, *, now: int, data: Mapping[str, Any] | None = None
) -> list[Event]:
    """Record one event for each message and return them in the same order."""
    return _insert(
        tx,
        [
            {
                "workspace_id": message.workspace_id,
                "conversation_id": message.conversation_id,
                "message_id": message.id,
                "type": type,
                "data": dict(data or {}),
                "created_at": now,
            }
            for message in messages
        ],
    )


def record_conversation_event(
    tx: sa.Connection,
    conversation: Conversation,
    type: EventType,
    *,
    now: int,
    data: Mapping[str, Any] | None = None,
) -> Event:
    """Record and return an event of a conversation as a whole."""
    values = {
        "workspace_id": conversation.workspace_id,
        "conversation_id": conversation.id,
        "message_id": None,
        "type": type,
        "data": dict(data or {}),
        "created_at": now,
    }
    (recorded,) = _insert(tx, [values])
    return recorded


def _insert(tx: sa.Connection, rows: list[dict[str, Any]]) -> list[Event]:
    if not rows:
        return []
    if len(rows) == 1:
        ids: Sequence[int] = [_insert_one(tx.dialect).run(tx, rows[0]).scalar_one()]
    else:
        ids = tx.execute(_INSERT_MANY, rows).scalars().all()
    return [Event(id=id, **row) for id, row in zip(ids, rows, strict=True)]


@lru_cache(maxsize=8)
def _insert_one(dialect: sa.Dialect) -> Prepared:
    """Return the INSERT of one event: most changes record just one, and this one is run with every change."""
    columns = [column.name for column in event.c if column.name not in ("id", "transaction_id")]
    return Prepared(event.insert().returning(event.c.id), columns, dialect)
