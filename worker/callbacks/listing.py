"""What became of callbacks, for people."""

from typing import Any

import sqlalchemy as sa

from worker.conversations.wire import time
from worker.store.scope import Scope
from worker.store.tables import attempt, delivery


def page(
    scope: Scope, *, state: str | None = None, after: str | None = None, limit: int = 20
) -> tuple[list[dict[str, Any]], str | None]:
    """Return deliveries, newest first, each with its last attempt, and the cursor of the next page or None."""
    where = [] if state is None else [delivery.c.state == state]
    rows, cursor = scope.page(delivery, *where, after=after, limit=limit)
    with scope.store.read() as connection:
        attempts = connection.execute(
            scope.select(attempt)
            .where(attempt.c.delivery_id.in_([row["id"] for row in rows]))
            .order_by(attempt.c.number)
        ).mappings()
        last = {one["delivery_id"]: one for one in attempts}
    return [wire(row, last.get(row["id"])) for row in rows], cursor


def wire(row: sa.RowMapping, last: sa.RowMapping | None) -> dict[str, Any]:
    """Return a delivery as people see it."""
    return {
        "id": row["id"],
        "type": row["type"],
        "url": row["url"],
        "message_id": row["message_id"],
        "state": row["state"],
        "attempts": row["attempts"],
        "next_attempt_at": time(row["due_at"]) if row["state"] == "pending" else None,
        "created_at": time(row["created_at"]),
        "last_attempt": None
        if last is None
        else {
            "number": last["number"],
            "started_at": time(last["started_at"]),
            "duration_ms": last["duration_ms"],
            "status": last["status"],
            "address": last["address"],
            "error": last["error"],
            "response": last["response"],
        },
    }
