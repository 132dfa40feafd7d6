"""The log of what happened, written in the transaction of the change it tells.

Polling, streaming and callbacks are views of this one log.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from worker.conversations import serializers
from worker.conversations.outcomes import ENDED
from worker.deliveries.outbox import Target, enqueue_deliveries, subscribers
from worker.deliveries.tickets import (
    enqueue_agent_reply,
    enqueue_answer,
    enqueue_handoff_note,
    enqueue_notification_updates,
    enqueue_notifications,
    writable_ticket,
)
from worker.states import HandoffReason, MessageState
from worker.store.rows import Conversation, Message
from worker.store.tables import conversation as conversation_table
from worker.store.tables import event as event_table
from worker.store.tables import message as message_table

_INSERT_EVENT = event_table.insert()
_INSERT_EVENT_FOR_ID = event_table.insert().returning(event_table.c.id, sort_by_parameter_order=True)


def announce_messages(
    tx: sa.Connection, rows: Iterable[Mapping[Any, Any]], type: str, *, now: int, data: Mapping[Any, Any] | None = None
) -> None:
    """Write one event of `type` for each message, and deliveries to those who want it when the message has ended."""
    rows = list(rows)
    if not rows:
        return
    events = [
        {
            "workspace_id": row["workspace_id"],
            "conversation_id": row["conversation_id"],
            "message_id": row["id"],
            "type": type,
            "data": dict(data or {}),
            "created_at": now,
        }
        for row in rows
    ]
    if type not in ENDED:
        tx.execute(_INSERT_EVENT, events)
        return
    told = f"message.{type}"
    endpoints = subscribers(tx, rows[0]["workspace_id"], told)
    reply_id = (data or {}).get("reply_id")
    desk = writable_ticket(tx, rows[0]["conversation_id"]) if reply_id is not None else None
    goes_on = type == MessageState.HANDED_OFF and (data or {}).get("reason") == HandoffReason.OWNED_BY_HUMAN
    if desk is None and not endpoints and not goes_on and not any(row["callback_url"] for row in rows):
        tx.execute(_INSERT_EVENT, events)
        return
    ids = tx.execute(_INSERT_EVENT_FOR_ID, events).scalars().all()
    for row, event_id in zip(rows, ids, strict=True):
        own: list[Target] = [(None, row["callback_url"])] if row["callback_url"] else []
        if own or endpoints:
            enqueue_deliveries(
                tx,
                row["workspace_id"],
                told,
                _message_data(tx, row["id"]),
                now=now,
                to=[*own, *endpoints],
                event_id=event_id,
                conversation_id=row["conversation_id"],
                message_id=row["id"],
            )
    if goes_on:
        enqueue_notification_updates(tx, [Message.from_row(row) for row in rows], data or {}, event_ids=ids, now=now)
    if desk is not None and reply_id is not None:  # messages that were answered together have one reply
        enqueue_answer(tx, desk, Message.from_row(rows[-1]), reply_id=reply_id, event_id=ids[-1], now=now)


def announce_conversation(
    tx: sa.Connection, row: Mapping[Any, Any], type: str, *, now: int, data: Mapping[Any, Any]
) -> None:
    """Write one event about a conversation as a whole, and deliveries to the endpoints that want it."""
    event = {
        "workspace_id": row["workspace_id"],
        "conversation_id": row["id"],
        "message_id": None,
        "type": type,
        "data": dict(data),
        "created_at": now,
    }
    endpoints = subscribers(tx, row["workspace_id"], type)
    handed_off = type == "conversation.handed_off"
    desk = writable_ticket(tx, row["id"]) if handed_off else None
    if not endpoints and not handed_off:
        tx.execute(_INSERT_EVENT, event)
        return
    event_id = tx.execute(_INSERT_EVENT_FOR_ID, [event]).scalar_one()
    if desk is not None:
        enqueue_handoff_note(tx, desk, Conversation.from_row(row), data, event_id=event_id, now=now)
    if handed_off:
        enqueue_notifications(tx, Conversation.from_row(row), data, event_id=event_id, now=now)
    enqueue_deliveries(
        tx,
        row["workspace_id"],
        type,
        {"conversation": serializers.conversation(_talk(tx, row["id"]))},
        now=now,
        to=endpoints,
        event_id=event_id,
        conversation_id=row["id"],
    )


def announce_said(tx: sa.Connection, row: Mapping[Any, Any], *, via: str | None, now: int) -> None:
    """Write the event of what a person said to the customer, and have it said in the ticket if it was not said there.

    `via` is the helpdesk that it came from.
    """
    event = {
        "workspace_id": row["workspace_id"],
        "conversation_id": row["conversation_id"],
        "message_id": row["id"],
        "type": "replied",
        "data": {},
        "created_at": now,
    }
    event_id = tx.execute(_INSERT_EVENT_FOR_ID, [event]).scalar_one()
    enqueue_agent_reply(tx, Message.from_row(row), via=via, event_id=event_id, now=now)
    endpoints = subscribers(tx, row["workspace_id"], "message.replied")
    if endpoints:
        enqueue_deliveries(
            tx,
            row["workspace_id"],
            "message.replied",
            _message_data(tx, row["id"]),
            now=now,
            to=endpoints,
            event_id=event_id,
            conversation_id=row["conversation_id"],
            message_id=row["id"],
        )


def _message_data(tx: sa.Connection, message_id: str) -> dict[str, Any]:
    """Return what a callback tells of a message: read back, so that it is exactly what this transaction makes true."""
    row = tx.execute(serializers.with_reply().where(message_table.c.id == message_id)).mappings().one()
    return {
        "message": serializers.message(row),
        "conversation": serializers.conversation(_talk(tx, row["conversation_id"])),
    }


def _talk(tx: sa.Connection, conversation_id: str) -> sa.RowMapping:
    return tx.execute(sa.select(conversation_table).where(conversation_table.c.id == conversation_id)).mappings().one()
