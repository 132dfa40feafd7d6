"""How the installation is: what waits, who works, and what happened so far."""

from typing import Any

import sqlalchemy as sa

from worker.runtime.presence import living
from worker.store.engine import Store
from worker.store.tables import AWAKE, OPEN_MESSAGE, conversation, message
from worker.telemetry.counters import Counters


def status(store: Store, counters: Counters) -> dict[str, Any]:
    """Return numbers for an operator, over all workspaces.

    Returns:
        `open_messages`, `oldest_unanswered_s` (None when nothing waits), `leases_held`, `workers` (each with roles,
        state and the leases it holds) and `counters` (see `worker.telemetry.counters.NAMES`), which grow for ever.

    Raises:
        DatabaseUnavailable: nothing can be said.
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
        "workers": living(store),
        "counters": counters.read(),
    }
