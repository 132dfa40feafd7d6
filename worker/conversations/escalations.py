"""Escalations: what a person has to see to, from the handoff until somebody says that it is done.

There is one open escalation for each conversation that the bot has given away, so whoever is told of it is told once.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from worker.errors import Conflict
from worker.ids import new_id
from worker.states import EscalationState
from worker.store.engine import Store
from worker.store.scope import Scope
from worker.store.tables import UNDONE_ESCALATION, escalation
from worker.time import to_rfc3339

Row = Mapping[Any, Any]

_UNDONE = sa.select(escalation.c.id).where(escalation.c.conversation_id == sa.bindparam("talk"), UNDONE_ESCALATION)


def raise_for(tx: sa.Connection, talk: Row, told: Mapping[str, Any], *, message_id: str | None, now: int) -> str:
    """Open an escalation for a conversation and return its id; that which is open already stands for both."""
    known = undone(tx, talk["id"])
    if known is not None:
        return known
    id = new_id("esc")
    tx.execute(
        escalation.insert().values(
            id=id,
            workspace_id=talk["workspace_id"],
            conversation_id=talk["id"],
            message_id=message_id,
            state=EscalationState.OPEN,
            created_at=now,
            **{name: told[name] for name in ("reason", "category", "priority", "summary", "reasons")},
        )
    )
    return id


def undone(tx: sa.Connection, conversation_id: str) -> str | None:
    """Return the id of the escalation of a conversation that is not closed."""
    found: str | None = tx.execute(_UNDONE, {"talk": conversation_id}).scalar()
    return found


def take(tx: sa.Connection, conversation_id: str, assignee: str, *, now: int) -> None:
    """Give an escalation that is nobody's yet to whoever began to work on it."""
    mine = (escalation.c.conversation_id == conversation_id, escalation.c.state == sa.literal_column("'open'"))
    tx.execute(
        escalation.update()
        .where(*mine)
        .values(state=EscalationState.ASSIGNED, assignee=assignee[:200], assigned_at=now)
    )


def close_for(tx: sa.Connection, conversation_id: str, *, now: int, note: str | None = None) -> None:
    """Close what is open for a conversation."""
    mine = (escalation.c.conversation_id == conversation_id, UNDONE_ESCALATION)
    values = {"state": EscalationState.CLOSED, "closed_at": now} | ({} if note is None else {"note": note})
    tx.execute(escalation.update().where(*mine).values(**values))


def page(
    mine: Scope, *, state: str | None, assignee: str | None, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Return escalations, newest first, and the cursor of the next page or None."""
    where = []
    if state is not None:
        where.append(escalation.c.state == state)
    if assignee is not None:
        where.append(escalation.c.assignee == assignee)
    rows, cursor = mine.page(escalation, *where, after=after, limit=limit)
    return [shown(row) for row in rows], cursor


def assign(store: Store, workspace_id: str, id: str, assignee: str) -> dict[str, Any]:
    """Give an escalation to somebody.

    Raises:
        NotFound: the workspace has none with this id.
        Conflict: it is closed.
    """
    mine = Scope(store, workspace_id)
    with store.begin() as tx:
        row = mine.lock(tx, escalation, id)
        if row["state"] == EscalationState.CLOSED:
            raise Conflict("The escalation is closed.")
        values = {"state": EscalationState.ASSIGNED, "assignee": assignee, "assigned_at": store.now(tx)}
        tx.execute(escalation.update().where(escalation.c.id == id).values(**values))
        return shown({**row, **values})


def shown(row: Row) -> dict[str, Any]:
    """Return an escalation as clients see it."""
    plain = ("id", "conversation_id", "message_id", "state", "reason", "category", "priority", "summary", "reasons")
    return {
        **{name: row[name] for name in plain},
        "assignee": row["assignee"],
        "note": row["note"],
        "created_at": to_rfc3339(row["created_at"]),
        "assigned_at": to_rfc3339(row["assigned_at"]),
        "closed_at": to_rfc3339(row["closed_at"]),
        "links": {
            "self": f"/v1/escalations/{row['id']}",
            "conversation": f"/v1/conversations/{row['conversation_id']}",
        },
    }


def get(scope: Scope, escalation_id: str) -> dict[str, Any]:
    """Return an escalation in the form of the API.

    Raises:
        NotFound: the workspace has none with this id.
    """
    return shown(scope.get(escalation, escalation_id))
