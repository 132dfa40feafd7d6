"""Which worker processes live, and how they are: told in SQL every second, by the database's clock."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from worker.errors import AnswerbackError
from worker.store.engine import Store
from worker.store.tables import process
from worker.telemetry import logs
from worker.time import to_rfc3339

log = logs.get(__name__)

#: A process that was not seen for this long does not live.
_LIFE_MS = 5_000
_FORGOTTEN_MS = 600_000

#: Working; working without the embedding model; cut off from the broker, so it answers only what it finds by sweeping;
#: stalled; about to stop.
STATES = ("working", "lexical_only", "cut_off", "stalled", "stopping")


class Presence:
    """Says that this process lives; `roles` are the queues that it consumes."""

    def __init__(
        self,
        store: Store,
        *,
        holder: str,
        roles: Sequence[str],
        state: Callable[[], str] = lambda: "working",
        leases: Callable[[], int] = lambda: 0,
        caches: Callable[[], list[dict[str, Any]]] = list,
    ) -> None:
        self._store = store
        self._now = store.clock.sql()
        self._holder = holder
        self._roles = list(roles)
        self._state = state
        self._leases = leases
        self._caches = caches

    def announce(self) -> None:
        """Say so for the next seconds.

        Raises:
            DatabaseUnavailable: nobody was told.
        """
        how = {
            "state": self._state(),
            "leases": self._leases(),
            "caches": self._caches(),
            "seen_at": self._now,
        }
        with self._store.begin() as tx:
            if not tx.execute(process.update().where(process.c.id == self._holder).values(**how)).rowcount:
                tx.execute(process.insert().values(id=self._holder, roles=self._roles, started_at=self._now, **how))
                tx.execute(process.delete().where(process.c.seen_at < self._now - _FORGOTTEN_MS))

    def withdraw(self) -> None:
        """Say that this process leaves."""
        try:
            with self._store.begin() as tx:
                tx.execute(process.delete().where(process.c.id == self._holder))
        except AnswerbackError as error:  # it is forgotten soon
            log.warning("presence_not_withdrawn", code=error.code, **error.context)


def living(store: Store) -> list[dict[str, Any]]:
    """Return what the living workers say of themselves, oldest first.

    Raises:
        DatabaseUnavailable: the database cannot be asked.
    """
    now = store.clock.sql()
    statement = (
        sa.select(process, (now - process.c.seen_at).label("age_ms"))
        .where(process.c.seen_at > now - _LIFE_MS)
        .order_by(process.c.started_at)
    )
    with store.read() as connection:
        return [
            {
                "id": row.id,
                "roles": row.roles,
                "state": row.state,
                "leases": row.leases,
                "caches": row.caches or [],
                "started_at": to_rfc3339(row.started_at),
                "seen_ms_ago": row.age_ms,
            }
            for row in connection.execute(statement)
        ]
