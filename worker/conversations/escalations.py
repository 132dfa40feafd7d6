"""Escalations: work for a human, from the handoff until it is closed.

A conversation that the bot has handed off has one escalation that is not closed, so agents are notified of it once.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from worker.conversations import serializers
from worker.errors import Conflict
from worker.ids import new_id
from worker.states import EscalationState, Priority
from worker.store.engine import Store
from worker.store.filters import EVERYTHING, Which, conditions
from worker.store.rows import Conversation, Escalation
from worker.store.scope import Scope
from worker.store.tables import UNASSIGNED_ESCALATION, UNDONE_ESCALATION, escalation
from worker.store.tables import conversation as conversation_table

#: Priorities, most urgent first; a conversation's `urgency` is the place of its escalation's.
RANKS = (Priority.URGENT, Priority.HIGH, Priority.NORMAL)

_FILTERS = ("state", "assignee", "reason", "category", "priority", "conversation_id")

_UNDONE = sa.select(escalation.c.id).where(
    escalation.c.conversation_id == sa.bindparam("conversation"), UNDONE_ESCALATION
)


def raise_for(
    tx: sa.Connection, conversation: Conversation, handoff: Mapping[str, Any], *, message_id: str | None, now: int
) -> str:
    """Open an escalation for a handoff (`Handoff.to_api`), or give it to the one that is not closed; return its id."""
    known = undone(tx, conversation.id)
    if known is not None:
        renew(tx, conversation, handoff, message_id=message_id)
        return known
    _rank(tx, conversation, RANKS.index(handoff["priority"]))
    id = new_id("esc")
    tx.execute(
        escalation.insert().values(
            id=id,
            workspace_id=conversation.workspace_id,
            conversation_id=conversation.id,
            message_id=message_id,
            state=EscalationState.OPEN,
            created_at=now,
            **{name: handoff[name] for name in ("reason", "category", "priority", "summary", "reasons")},
        )
    )
    return id


def renew(tx: sa.Connection, conversation: Conversation, handoff: Mapping[str, Any], *, message_id: str | None) -> None:
    """Give a conversation's escalation a newer reason, unless the one that it has is more urgent.

    `handoff` has `reason`, `category`, `priority` and `reasons`; the summary stays.
    """
    rank = RANKS.index(handoff["priority"])
    if rank > conversation.urgency:
        return
    values = {name: handoff[name] for name in ("reason", "category", "priority", "reasons")}
    tx.execute(
        escalation.update()
        .where(escalation.c.conversation_id == conversation.id, UNDONE_ESCALATION)
        .values(message_id=message_id, **values)
    )
    _rank(tx, conversation, rank)


def _rank(tx: sa.Connection, conversation: Conversation, rank: int) -> None:
    if rank != conversation.urgency:
        tx.execute(conversation_table.update().where(conversation_table.c.id == conversation.id).values(urgency=rank))


def undone(tx: sa.Connection, conversation_id: str) -> str | None:
    """Return the id of the escalation of a conversation that is not closed."""
    found: str | None = tx.execute(_UNDONE, {"conversation": conversation_id}).scalar()
    return found


def take(tx: sa.Connection, conversation_id: str, assignee: str, *, now: int) -> None:
    """Assign a conversation's escalation to the agent who works on it, unless it is assigned already."""
    tx.execute(
        escalation.update()
        .where(escalation.c.conversation_id == conversation_id, UNASSIGNED_ESCALATION)
        .values(state=EscalationState.ASSIGNED, assignee=assignee[:200], assigned_at=now)
    )


def close_for(tx: sa.Connection, conversation_id: str, *, now: int, note: str | None = None) -> None:
    """Close the escalation of a conversation."""
    values = {"state": EscalationState.CLOSED, "closed_at": now} | ({} if note is None else {"note": note})
    tx.execute(
        escalation.update().where(escalation.c.conversation_id == conversation_id, UNDONE_ESCALATION).values(**values)
    )


def page(
    scope: Scope, which: Which = EVERYTHING, *, after: str | None = None, limit: int = 20
) -> tuple[list[dict[str, Any]], str | None]:
    """Return escalations, newest first or by `sort`, and the cursor of the next page or None.

    `which` may have the columns of `_FILTERS`, `created_after` and `created_before`.
    """
    where = conditions(which, {name: escalation.c[name] for name in _FILTERS}, created=escalation.c.created_at)
    rows, cursor = scope.page(escalation, *where, after=after, limit=limit, sort=which.get("sort"))
    return [serializers.escalation(Escalation.from_row(row)) for row in rows], cursor


def assign(store: Store, workspace_id: str, id: str, assignee: str) -> dict[str, Any]:
    """Assign an escalation to an agent.

    Raises:
        NotFound: the workspace has none with this id.
        Conflict: it is closed.
    """
    scope = Scope(store, workspace_id)
    with store.begin() as tx:
        row = Escalation.from_row(scope.lock(tx, escalation, id))
        if row.state == EscalationState.CLOSED:
            raise Conflict("The escalation is closed.")
        values = {"state": EscalationState.ASSIGNED, "assignee": assignee, "assigned_at": store.now(tx)}
        tx.execute(escalation.update().where(escalation.c.id == id).values(**values))
        return serializers.escalation(Escalation.from_row(scope.get_in(tx, escalation, id)))


def get(scope: Scope, escalation_id: str) -> dict[str, Any]:
    """Return an escalation in the form of the API.

    Raises:
        NotFound: the workspace has none with this id.
    """
    return serializers.escalation(Escalation.from_row(scope.get(escalation, escalation_id)))
