"""The statements of a turn, built once per process: building one costs more than running it.

Each is named after the step of `worker.turns.mailbox` that runs it.
"""

import sqlalchemy as sa

from worker.states import MailboxState, MessageState
from worker.store.engine import Prepared, Store
from worker.store.tables import AWAKE, OPEN_MESSAGE, conversation, message, reply


class Statements:
    """Statements for the leases of one holder. Parameters are ids, tokens, and times in ms since 1970 UTC."""

    def __init__(self, store: Store, *, holder: str, lease_ms: int) -> None:
        now = store.clock.sql()
        claim = (
            conversation.update()
            .values(
                mailbox=MailboxState.RUNNING,
                lease_token=conversation.c.lease_token + 1,
                lease_holder=holder,
                due_at=now + lease_ms,
                updated_at=now,
                abort=False,
            )
            .returning(*conversation.c)
        )
        expired = conversation.c.mailbox.in_((MailboxState.RUNNING, MailboxState.WAITING))
        claimable = sa.or_(conversation.c.mailbox == MailboxState.READY, sa.and_(expired, conversation.c.due_at <= now))
        longest_ready = (
            sa.select(conversation.c.id)
            .where(AWAKE, claimable)
            .order_by(conversation.c.ready_at)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        self.claim = claim.where(conversation.c.id == sa.bindparam("conversation"), claimable)
        self.claim_any = claim.where(conversation.c.id == longest_ready)
        dialect = store.engine.dialect
        self.start = Prepared(_start(), ("conversation", "last", "token", "started"), dialect)
        self.lock = _lock(now)
        answer = ("conversation", "token", "ended", "reply", "spent", "found")
        self.answer = Prepared(_answer(), answer, dialect)
        self.insert_message = Prepared(message.insert(), message.c.keys(), dialect)
        self.insert_reply = Prepared(reply.insert(), reply.c.keys(), dialect)


def _start() -> sa.Update:
    """Start the open messages up to `last`, by `seq`, under a token."""
    return (
        message.update()
        .where(
            message.c.conversation_id == sa.bindparam("conversation"),
            OPEN_MESSAGE,
            message.c.seq <= sa.bindparam("last"),
        )
        .values(
            state=MessageState.RUNNING,
            attempts=message.c.attempts + 1,
            fence=sa.bindparam("token"),
            started_at=sa.func.coalesce(message.c.started_at, sa.bindparam("started")),
        )
    )


def _lock(now: sa.ColumnElement[int]) -> sa.Executable:
    """Lock a conversation, only while its lease has this token."""
    return (
        conversation.update()
        .where(
            conversation.c.id == sa.bindparam("conversation"),
            conversation.c.lease_token == sa.bindparam("token"),
            conversation.c.mailbox == MailboxState.RUNNING,
        )
        .values(updated_at=now)
        .returning(*conversation.c)
    )


def _answer() -> sa.Update:
    """End the messages that are worked on under a token with their reply."""
    return (
        message.update()
        .where(
            message.c.conversation_id == sa.bindparam("conversation"),
            message.c.state == MessageState.RUNNING,
            message.c.fence == sa.bindparam("token"),
        )
        .values(
            state=MessageState.ANSWERED,
            error=None,
            finished_at=sa.bindparam("ended"),
            reply_id=sa.bindparam("reply"),
            timings=sa.bindparam("spent", type_=message.c.timings.type),
            retrieved=sa.bindparam("found", type_=message.c.retrieved.type),
        )
    )
