"""Retention: deletes old events, deliveries, mail and audit entries, in batches so that no lock is held long."""

import sqlalchemy as sa

from worker.store.engine import Store
from worker.store.tables import (
    OPEN_MESSAGE,
    UNREAD_MAIL,
    UNSENT_DELIVERY,
    audit,
    delivery,
    event,
    mail,
    mailbox,
    message,
)

#: Rows per transaction, and transactions per table and call.
_BATCH = 500
_MAX_BATCHES = 10
_DAY_MS = 86_400_000


class Retention:
    """Deletes rows that are past their retention period. Any number of processes may do so at once.

    Args:
        events_days: days to keep events, except those of open messages; 0 keeps them for ever.
        deliveries_days: days to keep finished deliveries with their attempts, and mail of no conversation: ignored,
            failed, or of one that was erased. Other mail lives as long as its conversation. 0 keeps them for ever.
        audit_days: days to keep the audit log; 0 keeps it for ever.
    """

    def __init__(self, store: Store, *, events_days: float, deliveries_days: float, audit_days: float = 0) -> None:
        self._store = store
        now = store.clock.sql()
        open_ = sa.exists().where(message.c.id == event.c.message_id, OPEN_MESSAGE)
        # Ids grow with time, so each statement reads only the oldest rows.
        oldest = sa.select(event.c.id).order_by(event.c.id).limit(_BATCH).subquery()
        old_events = event.delete().where(
            event.c.id.in_(sa.select(oldest.c.id)),
            event.c.created_at < now - int(events_days * _DAY_MS),
            ~open_,
        )
        done = sa.select(delivery.c.id).where(~UNSENT_DELIVERY).order_by(delivery.c.id).limit(_BATCH).subquery()
        old_deliveries = delivery.delete().where(
            delivery.c.id.in_(sa.select(done.c.id)), delivery.c.finished_at < now - int(deliveries_days * _DAY_MS)
        )
        first = sa.select(audit.c.id).order_by(audit.c.id).limit(_BATCH).subquery()
        old_actions = audit.delete().where(
            audit.c.id.in_(sa.select(first.c.id)), audit.c.created_at < now - int(audit_days * _DAY_MS)
        )
        # By the index of tickets, mailbox by mailbox: most mail belongs to a conversation and is not looked at.
        astray = (
            sa.select(mail.c.id)
            .where(
                mail.c.mailbox_id.in_(sa.select(mailbox.c.id)),
                mail.c.ticket.is_(None),
                mail.c.created_at < now - int(deliveries_days * _DAY_MS),
                ~UNREAD_MAIL,
            )
            .limit(_BATCH)
            .subquery()
        )
        old_mail = mail.delete().where(mail.c.id.in_(sa.select(astray.c.id)))
        periods = (
            (old_events, events_days),
            (old_deliveries, deliveries_days),
            (old_mail, deliveries_days),
            (old_actions, audit_days),
        )
        self._statements = [statement for statement, days in periods if days > 0]

    def prune(self) -> int:
        """Delete up to a few thousand old rows; return their number."""
        return sum(self._delete(statement) for statement in self._statements)

    def _delete(self, statement: sa.Delete) -> int:
        deleted = 0
        for _ in range(_MAX_BATCHES):
            with self._store.begin() as tx:
                count = tx.execute(statement).rowcount
            deleted += count
            if count < _BATCH:
                break
        return deleted
