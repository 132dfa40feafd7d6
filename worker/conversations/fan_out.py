"""Enqueue the deliveries that events cause, in the transaction that records them.

An event goes to the endpoints that want its type and to the message's callback URL; an answer or a handoff also goes
to the helpdesk that the conversation is a ticket of, and a handoff to Slack and by e-mail. An agent's reply that a
visitor of the chat does not see goes to the address that they left.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from worker.conversations import contacts, serializers
from worker.deliveries import outbox, tickets
from worker.deliveries.outbox import Target
from worker.states import SLA_EVENTS, EventType, HandoffReason
from worker.store.rows import Conversation, Event, Message
from worker.store.tables import conversation as conversation_table
from worker.store.tables import message as message_table


def enqueue_message_deliveries(tx: sa.Connection, messages: Sequence[Message], events: Sequence[Event]) -> None:
    """Enqueue deliveries for messages that ended in the same way: `events[i]` is that of `messages[i]`.

    Messages that were answered together have one reply, so their ticket gets it once.
    """
    if not messages:
        return
    end, now = events[0], events[0].created_at
    endpoints = outbox.subscribers(tx, end.workspace_id, f"message.{end.type}")
    for message, event in zip(messages, events, strict=True):
        callback: list[Target] = [(None, message.callback_url)] if message.callback_url else []
        _enqueue_message(tx, message, event, [*callback, *endpoints])
    if end.type == EventType.HANDED_OFF and end.data.get("reason") == HandoffReason.OWNED_BY_HUMAN:
        event_ids = [event.id for event in events]
        tickets.enqueue_notification_updates(tx, messages, end.data, event_ids=event_ids, now=now)
    reply_id = end.data.get("reply_id")
    if reply_id is None:
        return
    ticket = tickets.writable_ticket(tx, messages[-1].conversation_id)
    if ticket is not None and _may_be_mailed(ticket, messages):
        tickets.enqueue_answer(tx, ticket, messages[-1], reply_id=reply_id, event_id=events[-1].id, now=now)


def _may_be_mailed(ticket: tickets.Ticket, messages: Sequence[Message]) -> bool:
    """Whether an answer to messages goes to their ticket; one that was a chat has the id of its conversation.

    What was typed there came with a key, and the address is perhaps not the visitor's: only mail is answered by mail.
    """
    return ticket.id != messages[-1].conversation_id or any(message.key_id is None for message in messages)


def enqueue_reply_deliveries(tx: sa.Connection, message: Message, event: Event, *, via: str | None) -> None:
    """Enqueue deliveries for an agent's reply; `via` is the helpdesk that it came from, which has it already."""
    tickets.enqueue_agent_reply(tx, message, via=via, event_id=event.id, now=event.created_at)
    contacts.schedule(tx, message.conversation_id, now=event.created_at, via=via, seq=message.seq)
    _enqueue_message(tx, message, event, outbox.subscribers(tx, event.workspace_id, f"message.{event.type}"))


def enqueue_conversation_deliveries(tx: sa.Connection, conversation: Conversation, event: Event) -> None:
    """Enqueue deliveries for an event of a conversation as a whole."""
    now = event.created_at
    if event.type == EventType.CONVERSATION_HANDED_OFF:
        ticket = tickets.writable_ticket(tx, conversation.id)
        if ticket is not None:
            tickets.enqueue_handoff_note(tx, ticket, conversation, event.data, event_id=event.id, now=now)
        tickets.enqueue_notifications(tx, conversation, event.data, event_id=event.id, now=now)
    endpoints = outbox.subscribers(tx, event.workspace_id, event.type)
    if endpoints:
        outbox.enqueue_deliveries(
            tx,
            event.workspace_id,
            event.type,
            {"conversation": _conversation(tx, conversation.id), **_sla(event)},
            now=now,
            to=endpoints,
            event_id=event.id,
            conversation_id=conversation.id,
        )


def _sla(event: Event) -> dict[str, Any]:
    """Return the part of an event's data that is about a target of the service level; empty for other events."""
    return {"sla": event.data["sla"]} if event.type in SLA_EVENTS else {}


def _enqueue_message(tx: sa.Connection, message: Message, event: Event, to: list[Target]) -> None:
    if to:
        outbox.enqueue_deliveries(
            tx,
            message.workspace_id,
            f"message.{event.type}",
            _message(tx, message.id),
            now=event.created_at,
            to=to,
            event_id=event.id,
            conversation_id=message.conversation_id,
            message_id=message.id,
        )


def _message(tx: sa.Connection, message_id: str) -> dict[str, Any]:
    """Return a message and its conversation as callbacks show them: read back, so as this transaction leaves them."""
    row = tx.execute(serializers.with_reply().where(message_table.c.id == message_id)).mappings().one()
    message, reply = serializers.message_and_reply(row)
    return {
        "message": serializers.message(message, reply),
        "conversation": _conversation(tx, message.conversation_id),
    }


def _conversation(tx: sa.Connection, conversation_id: str) -> dict[str, Any]:
    statement = sa.select(conversation_table).where(conversation_table.c.id == conversation_id)
    return serializers.conversation(Conversation.from_row(tx.execute(statement).mappings().one()))
