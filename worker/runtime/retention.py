"""What is kept for how long: old events, deliveries and the like go, a few at a time, so that nobody waits for it."""

import sqlalchemy as sa

from worker.store.engine import Store
from worker.store.tables import OPEN_MESSAGE, UNSENT_DELIVERY, audit, delivery, event, message

#: Rows of one transaction, and transactions of one round.
_BATCH = 500
_ROUNDS = 10
_DAY_MS = 86_400_000


class Retention:
    """Prunes what is older than it is kept. Any number of processes may do so at once.

    Args:
        events_days: events of messages that have ended, and of everything else; 0 keeps them for ever.
        deliveries_days: callbacks and posts that are done with, with their attempts; 0 keeps them for ever.
        audit_days: what operators did; 0 keeps it for ever.
    """

    def __init__(self, store: Store, *, events_days: float, deliveries_days: float, audit_days: float = 0) -> None:
        self._store = store
        now = store.clock.sql()
        open_ = sa.exists().where(message.c.id == event.c.message_id, OPEN_MESSAGE)
        # Both are found by their ids, which grow with time: a few of the oldest are looked at, and nothing else is.
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
        given = ((old_events, events_days), (old_deliveries, deliveries_days), (old_actions, audit_days))
        self._due = [statement for statement, days in given if days > 0]

    def prune(self) -> int:
        """Delete what is too old, at most a few thousand rows; return how many."""
        return sum(self._emptied(statement) for statement in self._due)

    def _emptied(self, statement: sa.Delete) -> int:
        gone = 0
        for _ in range(_ROUNDS):
            with self._store.begin() as tx:
                count = tx.execute(statement).rowcount
            gone += count
            if count < _BATCH:
                break
        return gone
