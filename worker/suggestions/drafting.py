"""Make suggestions of exchanges: the same questions of several customers become one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from kb.embedding import Embedder
from worker.answering.chat_api.errors import ModelError
from worker.ids import new_id
from worker.knowledge.unanswered_questions import SAME
from worker.states import ExchangeState, SuggestionState
from worker.store.engine import Store
from worker.store.leases import RowLease, RowLeases
from worker.store.rows import Exchange, Suggestion
from worker.store.scope import Scope
from worker.store.tables import UNDRAFTED_EXCHANGE, exchange, suggestion, workspace
from worker.suggestions import writing
from worker.suggestions.writing import Writer
from worker.telemetry import logs

log = logs.get(__name__)

_LEASE_MS = 180_000
_RETRY_MS = 300_000
_MAX_ATTEMPTS = 5

#: Suggestions of a workspace that a new exchange may join, the newest.
_MAX_COMPARED = 500


class _Lost(Exception):
    """Another worker has the exchange, or it or its suggestion was erased: nothing is written."""


@dataclass(frozen=True, kw_only=True)
class Drafter:
    """Drafts exchanges, with the language model of their workspace if it has one. Any number of processes may do so at
    once.
    """

    store: Store
    embedder: Embedder
    writer_of: Callable[[str], Writer | None] = lambda _workspace_id: None

    def due(self, *, limit: int) -> list[str]:
        """Return the ids of exchanges to draft, oldest first."""
        waits = (
            sa.select(exchange.c.id)
            .where(UNDRAFTED_EXCHANGE, exchange.c.due_at <= self.store.clock.sql())
            .order_by(exchange.c.due_at)
            .limit(limit)
        )
        with self.store.read() as connection:
            return list(connection.execute(waits).scalars())

    def draft(self, id: str) -> None:
        """Draft an exchange and attach it to a suggestion, unless another worker does so."""
        row = self._lease(id)
        if row is None:
            return
        lease = RowLease(id=row.id, token=row.lease_token)
        try:
            with self.store.read() as connection:
                joins = self._same(connection, row) is not None
            article = writing.write(row, None if joins else self._writer_for(row))
        except ModelError as error:
            log.warning("suggestion_not_written", cause=str(error))
            with self.store.begin() as tx:
                later = self.store.now(tx) + _RETRY_MS
                self._leases.release(tx, lease, state=ExchangeState.QUEUED, due_at=later)
            return
        try:
            with self.store.begin() as tx:
                # One at a time in a workspace, so that two at once do not make two suggestions of the same question.
                tx.execute(sa.select(workspace.c.id).where(workspace.c.id == row.workspace_id).with_for_update())
                suggestion_id = self._same(tx, row)
                if suggestion_id is None:
                    suggestion_id = self._add(tx, row, article)
                else:
                    self._count(tx, suggestion_id)
                if not self._leases.release(tx, lease, state=ExchangeState.DONE, suggestion_id=suggestion_id):
                    raise _Lost
        except _Lost:
            log.info("suggestion_lost", exchange_id=id)

    @property
    def _leases(self) -> RowLeases:
        return RowLeases(self.store, exchange, state=ExchangeState.DRAFTING, lease_ms=_LEASE_MS)

    def _writer_for(self, row: Exchange) -> Writer | None:
        """Return the model, or None for an exchange that was tried often enough with it."""
        return self.writer_of(row.workspace_id) if row.attempts < _MAX_ATTEMPTS else None

    def _lease(self, id: str) -> Exchange | None:
        free = (
            sa.select(exchange.c.id)
            .where(exchange.c.id == id, UNDRAFTED_EXCHANGE, exchange.c.due_at <= self.store.clock.sql())
            .with_for_update(skip_locked=True)
        )
        with self.store.begin() as tx:
            found = tx.execute(free).scalars().first()
            rows = self._leases.acquire(tx, [found]) if found is not None else []
        return Exchange.from_row(rows[0]) if rows else None

    def _same(self, connection: sa.Connection, row: Exchange) -> str | None:
        """Return the suggestion on the same question, or None.

        One that is published counts only for what was asked before: after it, the bot should have had the answer.
        """
        known = (
            Scope(self.store, row.workspace_id)
            .select(suggestion)
            .where(
                suggestion.c.question != "",
                sa.or_(suggestion.c.state != SuggestionState.ACCEPTED, suggestion.c.decided_at > row.asked_at),
            )
            .order_by(suggestion.c.id.desc())
            .limit(_MAX_COMPARED)
        )
        found = [Suggestion.from_row(item) for item in connection.execute(known).mappings()]
        if not found:
            return None
        vectors = np.stack([self.embedder.encode(item.question) for item in found])
        cosines = vectors @ self.embedder.encode(row.question)
        best = int(cosines.argmax())
        return found[best].id if float(cosines[best]) >= SAME else None

    def _count(self, tx: sa.Connection, id: str) -> None:
        """Count one more exchange with a suggestion."""
        counted = (
            suggestion.update()
            .where(suggestion.c.id == id)
            .values(count=suggestion.c.count + 1, updated_at=self.store.now(tx))
        )
        if not tx.execute(counted).rowcount:
            raise _Lost

    def _add(self, tx: sa.Connection, row: Exchange, article: writing.Article) -> str:
        now = self.store.now(tx)
        values = {
            "id": new_id("sug"),
            "workspace_id": row.workspace_id,
            "state": SuggestionState.OPEN,
            "question": row.question,
            "title": article.title,
            "text": article.text,
            "written_by": article.written_by,
            "count": 1,
            "created_at": now,
            "updated_at": now,
        }
        tx.execute(suggestion.insert().values(**values))
        return str(values["id"])
