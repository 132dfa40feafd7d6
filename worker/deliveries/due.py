"""Hint at deliveries once the transaction that enqueued them has committed."""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from worker.errors import DatabaseUnavailable
from worker.store.engine import Store
from worker.store.tables import UNSENT_DELIVERY, delivery
from worker.telemetry import logs

log = logs.get(__name__)


@dataclass(frozen=True, kw_only=True)
class DeliveryHints:
    """Hints at the conversations that have due deliveries, of whatever kind: webhooks, tickets, notifications.

    So code that changes a conversation need not know who subscribes to it. A hint may be lost: the sweeper finds it.
    """

    store: Store
    hint: Callable[[str], object]

    def due(self, *conversation_ids: str) -> list[str]:
        """Return those of the conversations that have a delivery which is due now."""
        statement = (
            sa.select(delivery.c.conversation_id)
            .distinct()
            .where(
                delivery.c.conversation_id.in_(conversation_ids),
                UNSENT_DELIVERY,
                delivery.c.due_at <= self.store.clock.sql(),
            )
        )
        with self.store.read() as connection:
            return list(connection.execute(statement).scalars())

    def deliver(self, *conversation_ids: str) -> None:
        """Hint at those of the conversations that have a due delivery; call this after the commit. Never fails."""
        try:
            due = self.due(*conversation_ids)
        except DatabaseUnavailable as error:
            log.warning("delivery_hint_lost", code=error.code, **error.context)
            return
        except Exception:
            log.exception("delivery_hint_lost")
            return
        for conversation_id in due:
            try:
                self.hint(conversation_id)
            except Exception:
                log.exception("delivery_hint_lost", conversation_id=conversation_id)
