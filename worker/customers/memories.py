"""What is known of a customer beyond one conversation: each fact with where it is from and until when it is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from worker.errors import Invalid, NotFound
from worker.ids import new_id
from worker.redaction import Redactor
from worker.store.engine import Store
from worker.store.tables import conversation, memory
from worker.time import to_rfc3339

KEPT_DAYS = 180
_DAY_MS = 86_400_000

#: Facts of one customer; the oldest goes when there is another.
MAX = 50


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """A fact; `source` is assistant or api."""

    name: str
    value: str
    source: str
    conversation_id: str | None = None
    days: int = KEPT_DAYS


def wire(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a fact as clients see it."""
    return {
        "id": row["id"],
        "customer": row["customer"],
        "name": row["name"],
        "value": row["value"],
        "source": row["source"],
        "conversation_id": row["conversation_id"],
        "created_at": to_rfc3339(row["created_at"]),
        "updated_at": to_rfc3339(row["updated_at"]),
        "expires_at": to_rfc3339(row["expires_at"]),
    }


class Memories:
    """Keeps facts, one for each name and customer. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now = store.clock.sql()
        insert = sqlite.insert if store.is_sqlite else postgresql.insert
        statement = insert(memory)
        self._put = statement.on_conflict_do_update(
            index_elements=[memory.c.workspace_id, memory.c.customer, memory.c.name],
            set_={
                name: statement.excluded[name]
                for name in ("value", "source", "conversation_id", "expires_at", "updated_at")
            },
        ).returning(memory)

    def put(self, workspace_id: str, customer: str, new: Remembered) -> dict[str, Any]:
        """Keep a fact; one of the same name is replaced.

        Raises:
            Invalid: it holds a card number, an account number or a secret.
            NotFound: the conversation that it was said in was erased meanwhile.
        """
        if Redactor(kinds=("card", "iban", "secret")).finds(new.value):
            raise Invalid("Card numbers, account numbers and secrets are not kept.", field="value")
        with self._store.begin() as tx:
            now = self._store.now(tx)
            if new.conversation_id is not None:
                said_in = sa.select(conversation.c.id).where(conversation.c.id == new.conversation_id)
                if tx.execute(said_in.with_for_update()).first() is None:
                    raise NotFound("The conversation was erased.")
            row = tx.execute(
                self._put,
                {
                    "id": new_id("mem"),
                    "workspace_id": workspace_id,
                    "customer": customer,
                    "name": new.name,
                    "value": new.value,
                    "source": new.source,
                    "conversation_id": new.conversation_id,
                    "expires_at": now + new.days * _DAY_MS,
                    "created_at": now,
                    "updated_at": now,
                },
            )
            made = wire(row.mappings().one())
            mine = (memory.c.workspace_id == workspace_id, memory.c.customer == customer)
            kept = (
                sa.select(memory.c.id).where(*mine).order_by(memory.c.updated_at.desc(), memory.c.id.desc()).limit(MAX)
            )
            tx.execute(memory.delete().where(*mine, memory.c.id.not_in(kept)))
        return made

    def of(self, workspace_id: str, customer: str) -> dict[str, str]:
        """Return what is known of a customer now, by name."""
        known = sa.select(memory.c.name, memory.c.value).where(
            memory.c.workspace_id == workspace_id, memory.c.customer == customer, memory.c.expires_at > self._now
        )
        with self._store.read() as connection:
            return {row.name: row.value for row in connection.execute(known.order_by(memory.c.name))}

    def forget(self, workspace_id: str, id: str) -> None:
        """Erase a fact.

        Raises:
            NotFound: there is none with this id.
        """
        with self._store.begin() as tx:
            gone = tx.execute(memory.delete().where(memory.c.workspace_id == workspace_id, memory.c.id == id))
        if not gone.rowcount:
            raise NotFound("There is no memory with this id.")

    def forget_all(self, workspace_id: str, customers: Sequence[str]) -> int:
        """Erase all that is known of customers; return how many facts that were."""
        with self._store.begin() as tx:
            return erase(tx, workspace_id, customers)

    def clean_up(self, *, limit: int = 500) -> int:
        """Erase facts that have expired; return how many."""
        old = sa.select(memory.c.id).where(memory.c.expires_at <= self._now).limit(limit)
        with self._store.begin() as tx:
            return tx.execute(memory.delete().where(memory.c.id.in_(old))).rowcount


def erase(tx: sa.Connection, workspace_id: str, customers: Sequence[str]) -> int:
    """Do the same inside a transaction."""
    if not customers:
        return 0
    mine = memory.delete().where(memory.c.workspace_id == workspace_id, memory.c.customer.in_(customers))
    return tx.execute(mine).rowcount
