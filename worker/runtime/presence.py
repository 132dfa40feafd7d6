"""Presence of worker processes: each reports its state in SQL once a second, by the database's clock."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from worker.errors import AnswerbackError
from worker.store.engine import Store
from worker.store.tables import process
from worker.telemetry import logs
from worker.time import to_rfc3339

log = logs.get(__name__)

#: A process that has not reported for this long is not running.
_LIVE_MS = 5_000
_DELETED_MS = 600_000

#: `working`; `lexical_only`: without the embedding model; `cut_off`: without the broker, so that only sweeps find work;
#: `stalled`; `stopping`.
STATES = ("working", "lexical_only", "cut_off", "stalled", "stopping")


def state_of(watchdog_state: str, *, lexical_only: bool) -> str:
    """Return one of STATES: the watchdog's, or that a working process answers by words alone."""
    return "lexical_only" if watchdog_state == "working" and lexical_only else watchdog_state


class Presence:
    """Reports that this process is running; `roles` are the queues that it consumes."""

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

    def report(self) -> None:
        """Report the state of this process; the report is valid for some seconds.

        Raises:
            DatabaseUnavailable: the report was not written.
        """
        state = {
            "state": self._state(),
            "leases": self._leases(),
            "caches": self._caches(),
            "seen_at": self._now,
        }
        with self._store.begin() as tx:
            if not tx.execute(process.update().where(process.c.id == self._holder).values(**state)).rowcount:
                tx.execute(process.insert().values(id=self._holder, roles=self._roles, started_at=self._now, **state))
                tx.execute(process.delete().where(process.c.seen_at < self._now - _DELETED_MS))

    def withdraw(self) -> None:
        """Remove this process from the list of running workers."""
        try:
            with self._store.begin() as tx:
                tx.execute(process.delete().where(process.c.id == self._holder))
        except AnswerbackError as error:  # the report expires soon
            log.warning("presence_not_withdrawn", code=error.code, **error.context)


def live_workers(store: Store) -> list[dict[str, Any]]:
    """Return the reports of the running workers, oldest worker first.

    Raises:
        DatabaseUnavailable: the reports cannot be read.
    """
    now = store.clock.sql()
    statement = (
        sa.select(process, (now - process.c.seen_at).label("age_ms"))
        .where(process.c.seen_at > now - _LIVE_MS)
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
