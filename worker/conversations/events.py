"""The log of what happened, written in the transaction of the change it tells.

Polling, streaming and callbacks are views of this one log.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from worker.conversations import wire
from worker.conversations.outcomes import ENDED
from worker.ids import new_id
from worker.store.tables import conversation as conversation_table
from worker.store.tables import delivery as delivery_table
from worker.store.tables import event as event_table
from worker.store.tables import message as message_table

_INSERT_EVENT = event_table.insert()


def announce_messages(
    tx: sa.Connection, rows: Iterable[Mapping[Any, Any]], type: str, *, now: int, data: Mapping[Any, Any] | None = None
) -> None:
    """Write one event of `type` for each message, and a delivery where one was asked for and the message has ended."""
    rows = list(rows)
    if not rows:
        return
    tx.execute(
        _INSERT_EVENT,
        [
            {
                "workspace_id": row["workspace_id"],
                "conversation_id": row["conversation_id"],
                "message_id": row["id"],
                "type": type,
                "data": dict(data or {}),
                "created_at": now,
            }
            for row in rows
        ],
    )
    if type in ENDED:
        for row in rows:
            if row["callback_url"]:
                _write_delivery(tx, row["id"], type=f"message.{type}", now=now)


def announce_conversation(
    tx: sa.Connection, row: Mapping[Any, Any], type: str, *, now: int, data: Mapping[Any, Any]
) -> None:
    """Write one event about a conversation as a whole."""
    tx.execute(
        event_table.insert().values(
            workspace_id=row["workspace_id"], conversation_id=row["id"], type=type, data=dict(data), created_at=now
        )
    )


def _write_delivery(tx: sa.Connection, message_id: str, *, type: str, now: int) -> None:
    """Promise a callback. It is read back here so that it tells exactly what this transaction makes true."""
    row = tx.execute(wire.with_reply().where(message_table.c.id == message_id)).mappings().one()
    talk = (
        tx.execute(sa.select(conversation_table).where(conversation_table.c.id == row["conversation_id"]))
        .mappings()
        .one()
    )
    payload = {
        "type": type,
        "timestamp": wire.time(now),
        "data": {"message": wire.message(row), "conversation": wire.conversation(talk)},
    }
    tx.execute(
        delivery_table.insert().values(
            id=new_id("whd"),
            workspace_id=row["workspace_id"],
            conversation_id=row["conversation_id"],
            message_id=message_id,
            type=type,
            url=row["callback_url"],
            payload=json.dumps(payload, ensure_ascii=False, separators=(",", ":")),
            state="pending",
            attempts=0,
            lease_token=0,
            due_at=now,
            created_at=now,
        )
    )
