"""Status of the installation: backlog, workers and counters."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from worker.runtime.presence import live_workers
from worker.store.engine import Store
from worker.store.tables import (
    AWAKE,
    OPEN_MESSAGE,
    UNDONE_ESCALATION,
    UNREAD_DOCUMENT,
    UNSENT_DELIVERY,
    conversation,
    delivery,
    destination,
    document,
    escalation,
    message,
)
from worker.telemetry.counters import Counters


def status(store: Store, counters: Counters) -> dict[str, Any]:
    """Return the status over all workspaces.

    Returns:
        `open_messages`, `oldest_unanswered_s` (None without open messages), `leases_held`, `workers` (each with roles,
        state and the leases it holds) and `counters` (see `worker.telemetry.counters.NAMES`), which never decrease.

    Raises:
        DatabaseUnavailable: the status cannot be read.
    """
    now = store.clock.sql()
    waiting = sa.select(sa.func.count(), sa.func.min(message.c.created_at), now).where(OPEN_MESSAGE)
    held = sa.select(sa.func.count()).where(conversation.c.mailbox == "running", conversation.c.due_at > now)
    with store.read() as connection:
        count, oldest, at = connection.execute(waiting).one()
        leases = connection.execute(held.where(AWAKE)).scalar_one()
    return {
        "open_messages": count,
        "oldest_unanswered_s": None if oldest is None else round(max(0, at - oldest) / 1000, 3),
        "leases_held": leases,
        "workers": live_workers(store),
        "counters": counters.read(),
    }


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Work that is not done yet, over all workspaces.

    Attributes:
        open_messages: counts by state.
        oldest_unanswered_s: age of the oldest open message in seconds, 0 without one.
        open_escalations: counts by state and priority.
        pending_deliveries: those not sent yet, of which `overdue_deliveries` are due.
        open_circuits: destinations whose circuit is open.
        unread_documents: those not indexed yet.
    """

    open_messages: dict[str, int]
    oldest_unanswered_s: float
    open_escalations: dict[tuple[str, str], int]
    pending_deliveries: int
    overdue_deliveries: int
    open_circuits: int
    unread_documents: int


def backlog(store: Store) -> Backlog:
    """Return the backlog over all workspaces.

    Raises:
        DatabaseUnavailable: the backlog cannot be counted.
    """
    now = store.clock.sql()
    open_messages = (
        sa.select(message.c.state, sa.func.count(), sa.func.min(message.c.created_at), now)
        .where(OPEN_MESSAGE)
        .group_by(message.c.state)
    )
    escalations = (
        sa.select(escalation.c.state, escalation.c.priority, sa.func.count())
        .where(UNDONE_ESCALATION)
        .group_by(escalation.c.state, escalation.c.priority)
    )
    with store.read() as connection:

        def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
            return connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()

        by_state = connection.execute(open_messages).all()
        return Backlog(
            open_messages={state: number for state, number, _, _ in by_state},
            oldest_unanswered_s=max([0.0, *((at - oldest) / 1_000 for _, _, oldest, at in by_state)]),
            open_escalations={(state, priority): n for state, priority, n in connection.execute(escalations)},
            pending_deliveries=count(delivery, UNSENT_DELIVERY),
            overdue_deliveries=count(delivery, UNSENT_DELIVERY, delivery.c.due_at <= now),
            open_circuits=count(destination, destination.c.circuit_open_until > now),
            unread_documents=count(document, UNREAD_DOCUMENT),
        )
