"""Memories: facts about a customer that are kept beyond one conversation, each with its source and expiry."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from worker.customers import recall
from worker.errors import Invalid, NotFound
from worker.ids import new_id
from worker.redaction import Redactor
from worker.store.engine import Store
from worker.store.filters import EVERYTHING, Which, conditions
from worker.store.rows import Memory
from worker.store.scope import Scope
from worker.store.tables import conversation, memory
from worker.store.upsert import upsert_into
from worker.time import to_rfc3339

#: Days that a memory is kept unless its writer says otherwise.
KEPT_DAYS = 180
_DAY_MS = 86_400_000

#: Memories of one customer; another one replaces the oldest.
MAX = 50

#: The importance of a memory whose writer gives none.
DEFAULT_IMPORTANCE = 0.5


@dataclass(frozen=True, kw_only=True)
class NewMemory:
    """A fact to keep for `days` days; `source` is `assistant` or `api`, `importance` is 0 to 1."""

    name: str
    value: str
    source: str
    conversation_id: str | None = None
    importance: float = DEFAULT_IMPORTANCE
    days: int = KEPT_DAYS


def to_api(row: Memory) -> dict[str, Any]:
    """Return a memory in the form of the API."""
    return {
        "id": row.id,
        "customer": row.customer,
        "name": row.name,
        "value": row.value,
        "source": row.source,
        "importance": row.importance,
        "conversation_id": row.conversation_id,
        "created_at": to_rfc3339(row.created_at),
        "updated_at": to_rfc3339(row.updated_at),
        "expires_at": to_rfc3339(row.expires_at),
    }


class Memories:
    """Stores memories, one per name and customer. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now = store.clock.sql()
        statement = upsert_into(store, memory)
        self._put = statement.on_conflict_do_update(
            index_elements=[memory.c.workspace_id, memory.c.customer, memory.c.name],
            set_={
                name: statement.excluded[name]
                for name in ("value", "source", "importance", "conversation_id", "expires_at", "updated_at")
            },
        ).returning(memory)

    def put(self, workspace_id: str, customer: str, new: NewMemory) -> dict[str, Any]:
        """Store a memory, replacing one of the same name, and return it as the API shows it.

        Raises:
            Invalid: its value holds a card number, an account number or a secret, or its importance is not 0 to 1.
            NotFound: its conversation was erased meanwhile.
        """
        if not 0 <= new.importance <= 1:
            raise Invalid("The importance is a number from 0 to 1.", field="importance")
        if Redactor(kinds=("card", "iban", "secret")).finds(new.value):
            raise Invalid("Card numbers, account numbers and secrets are not kept.", field="value")
        with self._store.begin() as tx:
            now = self._store.now(tx)
            if new.conversation_id is not None:
                conversation_row = sa.select(conversation.c.id).where(conversation.c.id == new.conversation_id)
                if tx.execute(conversation_row.with_for_update()).first() is None:
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
                    "importance": new.importance,
                    "conversation_id": new.conversation_id,
                    "expires_at": now + new.days * _DAY_MS,
                    "created_at": now,
                    "updated_at": now,
                },
            )
            stored = Memory.from_row(row.mappings().one())
            of_customer = (memory.c.workspace_id == workspace_id, memory.c.customer == customer)
            kept = (
                sa.select(memory.c.id)
                .where(*of_customer)
                .order_by(memory.c.updated_at.desc(), memory.c.id.desc())
                .limit(MAX)
            )
            tx.execute(memory.delete().where(*of_customer, memory.c.id.not_in(kept)))
        return to_api(stored)

    def recall(
        self,
        workspace_id: str,
        customer: str,
        question: str,
        *,
        limit: int = recall.MAX_RECALLED,
        similarity: recall.Similarity | None = None,
    ) -> dict[str, str]:
        """Return the values of at most `limit` memories of a customer by name, those that help most first.

        They are chosen by relevance to the question, importance and age (`recall.score`).
        """
        age_ms = (self._now - memory.c.updated_at).label("age_ms")
        statement = sa.select(memory.c.name, memory.c.value, memory.c.importance, age_ms).where(
            memory.c.workspace_id == workspace_id, memory.c.customer == customer, memory.c.expires_at > self._now
        )
        with self._store.read() as connection:
            known = [
                recall.Memory(name=row.name, value=row.value, importance=row.importance, age_days=row.age_ms / _DAY_MS)
                for row in connection.execute(statement)
            ]
        chosen = recall.recall(known, question, limit=limit, similarity=similarity)
        return {fact.name: fact.value for fact in chosen}

    def forget(self, workspace_id: str, id: str) -> None:
        """Erase a memory.

        Raises:
            NotFound: there is none with this id.
        """
        with self._store.begin() as tx:
            deleted = tx.execute(memory.delete().where(memory.c.workspace_id == workspace_id, memory.c.id == id))
        if not deleted.rowcount:
            raise NotFound("There is no memory with this id.")

    def forget_all(self, workspace_id: str, customers: Sequence[str]) -> int:
        """Erase all memories of customers; return their number."""
        with self._store.begin() as tx:
            return erase(tx, workspace_id, customers)

    def clean_up(self, *, limit: int = 500) -> int:
        """Erase at most `limit` expired memories; return their number."""
        expired = sa.select(memory.c.id).where(memory.c.expires_at <= self._now).limit(limit)
        with self._store.begin() as tx:
            return tx.execute(memory.delete().where(memory.c.id.in_(expired))).rowcount


def erase(tx: sa.Connection, workspace_id: str, customers: Sequence[str]) -> int:
    """Erase all memories of customers inside a transaction; return their number."""
    if not customers:
        return 0
    statement = memory.delete().where(memory.c.workspace_id == workspace_id, memory.c.customer.in_(customers))
    return tx.execute(statement).rowcount


def page(
    scope: Scope, which: Which = EVERYTHING, *, customer: str | None = None, after: str | None = None, limit: int = 20
) -> tuple[list[dict[str, Any]], str | None]:
    """Return facts that have not expired, of one customer or of all, newest first, and the next page's cursor.

    `which` may have `name`, `created_after` and `created_before`.
    """
    where = conditions(which, {"name": memory.c.name}, created=memory.c.created_at)
    where.append(memory.c.expires_at > scope.store.clock.sql())
    if customer is not None:
        where.append(memory.c.customer == customer)
    rows, cursor = scope.page(memory, *where, after=after, limit=limit, sort=which.get("sort"))
    return [to_api(Memory.from_row(row)) for row in rows], cursor
