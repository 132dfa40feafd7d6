"""What became of callbacks, for people."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from worker.store.scope import Scope
from worker.store.tables import attempt, delivery
from worker.time import to_rfc3339

#: What tells how a delivery's attempts went.
OUTCOMES = {
    "2xx": sa.and_(attempt.c.status >= 200, attempt.c.status < 300),
    "3xx": sa.and_(attempt.c.status >= 300, attempt.c.status < 400),
    "4xx": sa.and_(attempt.c.status >= 400, attempt.c.status < 500),
    "5xx": attempt.c.status >= 500,
    "none": attempt.c.status.is_(None),
}


def page(
    scope: Scope, which: Mapping[str, Any], *, after: str | None = None, limit: int = 20
) -> tuple[list[dict[str, Any]], str | None]:
    """Return deliveries, newest first, each with its last attempt, and the cursor of the next page or None.

    `which` may have `state`, `endpoint`, `type`, `conversation_id`, `message_id`, and `status`, one of OUTCOMES: those
    of which an attempt ended so.
    """
    columns = {
        "state": delivery.c.state,
        "endpoint": delivery.c.endpoint_id,
        "type": delivery.c.type,
        "conversation_id": delivery.c.conversation_id,
        "message_id": delivery.c.message_id,
    }
    where = [column == which[name] for name, column in columns.items() if name in which]
    if "status" in which:
        where.append(sa.exists().where(attempt.c.delivery_id == delivery.c.id, OUTCOMES[which["status"]]))
    rows, cursor = scope.page(delivery, *where, after=after, limit=limit)
    with scope.store.read() as connection:
        attempts = connection.execute(
            scope.select(attempt)
            .where(attempt.c.delivery_id.in_([row["id"] for row in rows]))
            .order_by(attempt.c.number)
        ).mappings()
        last = {one["delivery_id"]: one for one in attempts}
    return [_wire(row, last.get(row["id"])) for row in rows], cursor


def show(scope: Scope, id: str) -> dict[str, Any]:
    """Return a delivery with what it tells and all its attempts.

    Raises:
        NotFound: the workspace has none with this id.
    """
    row = scope.get(delivery, id)
    with scope.store.read() as connection:
        rows = scope.select(attempt).where(attempt.c.delivery_id == id).order_by(attempt.c.number, attempt.c.id)
        made = list(connection.execute(rows).mappings())
    return {
        **_wire(row, made[-1] if made else None),
        "payload": row["payload"],
        "all_attempts": [_attempt(one) for one in made],
    }


def _wire(row: sa.RowMapping, last: sa.RowMapping | None) -> dict[str, Any]:
    return {
        "id": row["id"],
        "endpoint_id": row["endpoint_id"],
        "type": row["type"],
        "url": row["url"],
        "conversation_id": row["conversation_id"],
        "message_id": row["message_id"],
        "state": row["state"],
        "attempts": row["attempts"],
        "next_attempt_at": to_rfc3339(row["due_at"]) if row["state"] == "pending" else None,
        "created_at": to_rfc3339(row["created_at"]),
        "finished_at": to_rfc3339(row["finished_at"]),
        "last_attempt": None if last is None else _attempt(last),
    }


def _attempt(row: sa.RowMapping) -> dict[str, Any]:
    return {
        "number": row["number"],
        "started_at": to_rfc3339(row["started_at"]),
        "duration_ms": row["duration_ms"],
        "status": row["status"],
        "address": row["address"],
        "error": row["error"],
        "response": row["response"],
    }
