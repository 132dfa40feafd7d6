"""Records of tool calls in the database: operators can list them, and a retried message repeats no call."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from worker.answering.question import Question
from worker.answering.tools.registry import PendingCall, ToolCallEntry
from worker.ids import new_id
from worker.states import ToolCallState
from worker.store.engine import Store
from worker.store.rows import ToolCall
from worker.store.tables import tool_call

#: A confirmation question can be answered for this long.
_CONFIRMATION_TIMEOUT_MS = 3_600_000


class SqlToolCallLog:
    """A `ToolCallLog` with one row per call. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now = store.clock.sql()

    def begin(
        self, question: Question, tool: str, arguments: Mapping[str, Any], *, state: ToolCallState
    ) -> ToolCallEntry:
        """Record the start of a call; return a new entry, or that of the same call of the same message.

        The same tool with the same arguments keeps its id when a message is retried after its worker was lost. The
        tool then sends the same Idempotency-Key, and a call that has succeeded is not repeated.
        """
        with self._store.begin() as tx:
            same_call = sa.select(tool_call).where(
                tool_call.c.conversation_id == question.conversation_id,
                tool_call.c.message_id == question.message_id,
                tool_call.c.tool == tool,
                tool_call.c.state.in_((state, ToolCallState.DONE, ToolCallState.FAILED)),
            )
            for call in map(ToolCall.from_row, tx.execute(same_call.order_by(tool_call.c.id)).mappings()):
                if call.arguments != dict(arguments):
                    continue
                if call.state == ToolCallState.FAILED:  # a failed call may have taken effect, so it keeps its id
                    tx.execute(tool_call.update().where(tool_call.c.id == call.id).values(state=state))
                return ToolCallEntry(id=call.id, result=call.result if call.state == ToolCallState.DONE else None)
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
        return ToolCallEntry(id=id)

    def end(self, id: str, *, state: ToolCallState, result: str | None, error: str | None, duration_ms: int) -> None:
        """Record the end of a call; `duration_ms` is in milliseconds."""
        with self._store.begin() as tx:
            tx.execute(
                tool_call.update()
                .where(tool_call.c.id == id)
                .values(state=state, result=result, error=error, duration_ms=duration_ms, finished_at=self._now)
            )

    def pending(self, question: Question) -> PendingCall | None:
        """Return the conversation's newest call that awaits confirmation, or the one that this message confirmed."""
        asked_before = sa.and_(
            tool_call.c.state == ToolCallState.WAITING,
            tool_call.c.message_id != question.message_id,
            tool_call.c.created_at > self._now - _CONFIRMATION_TIMEOUT_MS,
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
        call = ToolCall.from_row(row)
        return PendingCall(
            id=call.id,
            tool=call.tool,
            arguments=call.arguments,
            confirmed=call.confirmed_by is not None,
            done=call.state == ToolCallState.DONE,
        )

    def confirm(self, id: str, question: Question) -> None:
        """Record that this message confirmed a call, before the call runs."""
        with self._store.begin() as tx:
            tx.execute(
                tool_call.update()
                .where(tool_call.c.id == id)
                .values(state=ToolCallState.RUNNING, confirmed_by=question.message_id)
            )

    def close_pending(self, question: Question, *, state: ToolCallState) -> None:
        """Move the conversation's calls that await confirmation to `state`, without running them."""
        with self._store.begin() as tx:
            tx.execute(
                tool_call.update()
                .where(
                    tool_call.c.conversation_id == question.conversation_id, tool_call.c.state == ToolCallState.WAITING
                )
                .values(state=state, finished_at=self._now)
            )
