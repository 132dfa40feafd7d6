"""List deliveries with their attempts."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from worker.deliveries import serializers
from worker.store.filters import conditions
from worker.store.rows import Attempt, Delivery
from worker.store.scope import Scope
from worker.store.tables import attempt, delivery

#: Conditions by which attempts are found, by the class of their status; `none` are those without a response.
OUTCOMES = {
    "2xx": sa.and_(attempt.c.status >= 200, attempt.c.status < 300),
    "3xx": sa.and_(attempt.c.status >= 300, attempt.c.status < 400),
    "4xx": sa.and_(attempt.c.status >= 400, attempt.c.status < 500),
    "5xx": attempt.c.status >= 500,
    "none": attempt.c.status.is_(None),
}

#: Filters that compare a column.
_FILTERS = {
    "state": delivery.c.state,
    "kind": delivery.c.kind,
    "endpoint": delivery.c.endpoint_id,
    "type": delivery.c.type,
    "conversation_id": delivery.c.conversation_id,
    "message_id": delivery.c.message_id,
}


def page(
    scope: Scope, which: Mapping[str, Any], *, after: str | None = None, limit: int = 20
) -> tuple[list[dict[str, Any]], str | None]:
    """Return deliveries, newest first, each with its last attempt, and the cursor of the next page or None.

    `which` may have `state`, `kind`, `endpoint`, `type`, `conversation_id`, `message_id`, `created_after` and
    `created_before`; and `status`, one of
    OUTCOMES, for deliveries with an attempt that ended so.
    """
    where = conditions(which, _FILTERS, created=delivery.c.created_at)
    if "status" in which:
        where.append(sa.exists().where(attempt.c.delivery_id == delivery.c.id, OUTCOMES[which["status"]]))
    rows, cursor = scope.page(delivery, *where, after=after, limit=limit, sort=which.get("sort"))
    deliveries = [Delivery.from_row(row) for row in rows]
    with scope.store.read() as connection:
        attempts = connection.execute(
            scope.select(attempt)
            .where(attempt.c.delivery_id.in_([each.id for each in deliveries]))
            .order_by(attempt.c.number)
        ).mappings()
        last = {row["delivery_id"]: Attempt.from_row(row) for row in attempts}
    return [serializers.delivery(each, last.get(each.id)) for each in deliveries], cursor


def show(scope: Scope, id: str) -> dict[str, Any]:
    """Return a delivery with its payload and all its attempts.

    Raises:
        NotFound: the workspace has none with this id.
    """
    found = Delivery.from_row(scope.get(delivery, id))
    with scope.store.read() as connection:
        rows = scope.select(attempt).where(attempt.c.delivery_id == id).order_by(attempt.c.number, attempt.c.id)
        attempts = [Attempt.from_row(row) for row in connection.execute(rows).mappings()]
    return serializers.whole_delivery(found, attempts)
