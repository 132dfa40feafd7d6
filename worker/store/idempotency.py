"""Requests that come again because their answer did not arrive: what they ask for is made once.

Messages keep their key themselves (`conversations.intake`), as accepting one must cost one write; everything else that
is made under an Idempotency-Key has it here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from worker.errors import IdempotencyMismatch
from worker.store.engine import Store
from worker.store.tables import request_key
from worker.store.upsert import upsert_into


@dataclass(frozen=True, kw_only=True)
class RequestKey:
    """An Idempotency-Key, and the digest that tells whether two requests ask for the same."""

    key: str
    fingerprint: str


class IdempotencyKeys:
    """Remembers what was made under which key."""

    def __init__(self, store: Store, *, kept_s: float, count: Callable[[str], None] = lambda _name: None) -> None:
        self._store = store
        self._now = store.clock.sql()
        self._insert = upsert_into(store, request_key)
        self._old = request_key.c.created_at < self._now - int(kept_s * 1_000)
        self._count = count

    def earlier(self, tx: sa.Connection, workspace_id: str, given: RequestKey | None, *, made: str) -> str | None:
        """Take a key for what this transaction makes, or return the id of what was made under it before.

        A twin of this request waits here until the first one has committed.

        Raises:
            IdempotencyMismatch: the key was used with another request.
        """
        if given is None:
            return None
        same = (request_key.c.workspace_id == workspace_id, request_key.c.key == given.key)
        tx.execute(request_key.delete().where(*same, self._old))
        row = {"workspace_id": workspace_id, "key": given.key, "fingerprint": given.fingerprint, "made": made}
        insert = self._insert.values(**row, created_at=self._now).on_conflict_do_nothing()
        if tx.execute(insert.returning(request_key.c.key)).first() is not None:
            return None
        first = tx.execute(sa.select(request_key.c.fingerprint, request_key.c.made).where(*same)).one()
        if first.fingerprint != given.fingerprint:
            raise IdempotencyMismatch
        self._count("duplicates_refused")
        return str(first.made)

    def clean_up(self, *, limit: int = 500) -> int:
        """Forget keys that are older than they are kept, oldest first; return how many."""
        own = (request_key.c.workspace_id, request_key.c.key)
        old = sa.select(*own).where(self._old).order_by(request_key.c.created_at).limit(limit)
        with self._store.begin() as tx:
            return tx.execute(request_key.delete().where(sa.tuple_(*own).in_(old))).rowcount
