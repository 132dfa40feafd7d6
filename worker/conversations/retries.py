"""Queue messages again that were handed off, failed, or were taken for automatic mail."""

import sqlalchemy as sa

from worker.errors import Conflict
from worker.reading.automatic import AUTOMATIC_MESSAGE
from worker.states import EventType, MessageState, Owner, Role
from worker.store.rows import Conversation, Message
from worker.store.tables import event, message

#: How a message must have ended to be tried again.
_RETRIED = (MessageState.HANDED_OFF, MessageState.FAILED)

#: When a message was queued for the last time: its deadline counts from there.
_QUEUED_AT = sa.func.coalesce(
    sa.select(sa.func.max(event.c.created_at))
    .where(event.c.message_id == message.c.id, event.c.type == EventType.QUEUED)
    .correlate(message)
    .scalar_subquery(),
    message.c.created_at,
)


def check(tx: sa.Connection, conversation: Conversation, first: Message) -> None:
    """Check that an answer to a message of a locked conversation would not come out of order.

    Raises:
        Conflict: it did not end in a way that can be tried again, or the customer got a reply since, or the
            conversation is closed.
    """
    automatic = first.state == MessageState.CANCELLED and (first.error or {}).get("code") == AUTOMATIC_MESSAGE
    if conversation.owner == Owner.CLOSED and not automatic:  # as a customer's message, it opens the conversation
        raise Conflict("The conversation is closed.")
    if first.role != Role.CUSTOMER or not (automatic or first.state in _RETRIED):
        raise Conflict("Only a message that was handed off, failed or was taken for automatic mail can be tried again.")
    replied_since = sa.or_(
        sa.and_(message.c.role != Role.CUSTOMER, message.c.created_at >= first.finished_at),
        sa.and_(message.c.seq > first.seq, message.c.reply_id.is_not(None)),
    )
    since = sa.select(message.c.id).where(message.c.conversation_id == conversation.id, replied_since)
    if tx.execute(since).first() is not None:
        raise Conflict("The customer got a reply since; an answer now would come out of order.")


def requeue(tx: sa.Connection, first: Message, *, now: int) -> list[Message]:
    """Queue a message, and those after it that can be tried again, with the time they had; return them in order."""
    statement = (
        message.update()
        .where(
            message.c.conversation_id == first.conversation_id,
            message.c.seq >= first.seq,
            sa.or_(message.c.id == first.id, message.c.state.in_(_RETRIED)),
        )
        .values(
            state=MessageState.QUEUED,
            attempts=0,
            handoff=None,
            error=None,
            timings=None,
            retrieved=None,
            draft=None,
            started_at=None,
            finished_at=None,
            deadline_at=now + (message.c.deadline_at - _QUEUED_AT),
        )
        .returning(*message.c)
    )
    requeued = [Message.from_row(row) for row in tx.execute(statement).mappings()]
    return sorted(requeued, key=lambda row: row.seq)
