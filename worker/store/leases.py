"""Leases with fencing tokens over the rows of a table, for work that takes longer than a transaction.

A worker leases a row, works without a transaction, and writes under its lease. A lease that runs out may be given to
another worker; its token is then greater, and whatever the first one still writes matches no row.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from worker.store.engine import Store


@dataclass(frozen=True, kw_only=True)
class RowLease:
    """The right to work on one row until it is due again; `token` is the fencing token."""

    id: str
    token: int


class RowLeases:
    """Leases over a table with the columns `id`, `state`, `due_at`, `attempts` and `lease_token`.

    Args:
        table: a row that waits is due at `due_at`; for one that is leased this is the end of the lease.
        state: the state of a leased row.
        lease_ms: how long a lease lasts unless it is renewed.
    """

    def __init__(self, store: Store, table: sa.Table, *, state: str, lease_ms: int) -> None:
        self._store = store
        self._table = table
        self._state = state
        self._ends = store.clock.sql() + lease_ms

    def acquire(self, tx: sa.Connection, ids: Iterable[str]) -> list[sa.RowMapping]:
        """Lease the rows with these ids, which the caller has locked in this transaction, and return them."""
        table = self._table
        leased = (
            table.update()
            .where(table.c.id.in_(list(ids)))
            .values(
                state=self._state,
                attempts=table.c.attempts + 1,
                lease_token=table.c.lease_token + 1,
                due_at=self._ends,
            )
            .returning(*table.c)
        )
        return list(tx.execute(leased).mappings())

    def renew(self, leases: Iterable[RowLease], **values: Any) -> int:
        """Extend leases and set `values` in their rows; return how many of the leases are still held."""
        with self._store.begin() as tx:
            return self.renew_in(tx, leases, **values)

    def renew_in(self, tx: sa.Connection, leases: Iterable[RowLease], **values: Any) -> int:
        """Do the same inside a transaction: with what else it writes, for as long as the leases are held."""
        renewed = self._table.update().where(self._held(*leases)).values({**values, "due_at": self._ends})
        return tx.execute(renewed).rowcount

    def release(self, tx: sa.Connection, lease: RowLease, **values: Any) -> bool:
        """Set `values`, the next state among them, in a leased row; return False when the lease is lost.

        Without a `due_at` among the values nothing is due in the row any more.
        """
        released = self._table.update().where(self._held(lease)).values({"due_at": None, **values})
        return bool(tx.execute(released).rowcount)

    def _held(self, *leases: RowLease) -> sa.ColumnElement[bool]:
        table = self._table
        tokens = [(lease.id, lease.token) for lease in leases]
        return sa.and_(table.c.state == self._state, sa.tuple_(table.c.id, table.c.lease_token).in_(tokens))
