"""What tools were asked to do and what became of it, for who runs the desk, and so that nothing is done twice."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from worker.answering.question import Question
from worker.answering.tools.registry import Begun, Waiting
from worker.ids import new_id
from worker.store.engine import Store
from worker.store.tables import tool_call

#: A customer's word counts for this long.
_WAITS_MS = 3_600_000


class Audit:
    """Keeps a row for each call. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now = store.clock.sql()

    def begin(self, question: Question, tool: str, arguments: Mapping[str, Any], *, state: str) -> Begun:
        """Write down that a call begins.

        The same call for the same message keeps its id: a message that is tried again, since its worker was lost, asks
        with the same Idempotency-Key, and is not done again when it was done.
        """
        with self._store.begin() as tx:
            mine = sa.select(tool_call).where(
                tool_call.c.conversation_id == question.conversation_id,
                tool_call.c.message_id == question.message_id,
                tool_call.c.tool == tool,
                tool_call.c.state.in_((state, "done", "failed")),
            )
            for row in tx.execute(mine.order_by(tool_call.c.id)).mappings():
                if row["arguments"] != dict(arguments):
                    continue
                if row["state"] == "failed":  # it may have been done all the same
                    tx.execute(tool_call.update().where(tool_call.c.id == row["id"]).values(state=state))
                return Begun(id=row["id"], result=row["result"] if row["state"] == "done" else None)
            id = new_id("tool")
            tx.execute(
                tool_call.insert().values(
                    id=id,
                    workspace_id=question.workspace_id,
                    conversation_id=question.conversation_id,
                    message_id=question.message_id,
                    tool=tool,
                    arguments=dict(arguments),
                    state=state,
                    created_at=self._now,
                )
            )
        return Begun(id=id)

    def end(self, id: str, *, state: str, result: str | None, error: str | None, duration_ms: int) -> None:
        """Write down how a call ended."""
        with self._store.begin() as tx:
            tx.execute(
                tool_call.update()
                .where(tool_call.c.id == id)
                .values(state=state, result=result, error=error, duration_ms=duration_ms, finished_at=self._now)
            )

    def waiting(self, question: Question) -> Waiting | None:
        """Return the call in this conversation that waits for the customer's word, or that this message confirmed."""
        asked_before = sa.and_(
            tool_call.c.state == "waiting",
            tool_call.c.message_id != question.message_id,
            tool_call.c.created_at > self._now - _WAITS_MS,
        )
        newest = (
            sa.select(tool_call)
            .where(
                tool_call.c.conversation_id == question.conversation_id,
                sa.or_(asked_before, tool_call.c.confirmed_by == question.message_id),
            )
            .order_by(tool_call.c.id.desc())
            .limit(1)
        )
        with self._store.read() as connection:
            row = connection.execute(newest).mappings().first()
        if row is None:
            return None
        return Waiting(
            id=row["id"],
            tool=row["tool"],
            arguments=row["arguments"],
            begun=row["confirmed_by"] is not None,
            done=row["state"] == "done",
        )

    def confirm(self, id: str, question: Question) -> None:
        """Write down that this message confirmed a call, before it is made."""
        with self._store.begin() as tx:
            tx.execute(
                tool_call.update().where(tool_call.c.id == id).values(state="running", confirmed_by=question.message_id)
            )

    def lapse(self, question: Question, *, state: str) -> None:
        """End what waits in this conversation without doing it."""
        with self._store.begin() as tx:
            tx.execute(
                tool_call.update()
                .where(tool_call.c.conversation_id == question.conversation_id, tool_call.c.state == "waiting")
                .values(state=state, finished_at=self._now)
            )
