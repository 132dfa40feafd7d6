"""How many targets of the service level were reached and missed, by the day on which their time began."""

from typing import Any

import sqlalchemy as sa

from worker.service_policy import ServiceTarget, TargetState
from worker.store.tables import service_target

_DAY_MS = 86_400_000


def no_figures() -> dict[str, dict[str, int]]:
    """Return the figures of a day without targets."""
    return {target.value: {"reached": 0, "missed": 0} for target in ServiceTarget}


def by_day(connection: sa.Connection, workspace_id: str, *, since_ms: int) -> dict[int, dict[str, dict[str, int]]]:
    """Return the targets that were reached in time and those that were missed, by the day (UTC, since 1970).

    One that still runs counts once it is missed; one that was cancelled in time does not count.
    """
    day = (service_target.c.started_at // _DAY_MS).label("day")
    missed = service_target.c.breached_at.is_not(None)
    counted = sa.or_(missed, service_target.c.state == TargetState.REACHED)
    statement = (
        sa.select(day, service_target.c.target, missed.label("missed"), sa.func.count().label("count_"))
        .where(service_target.c.workspace_id == workspace_id, service_target.c.started_at >= since_ms, counted)
        .group_by(day, service_target.c.target, missed)
    )
    found: dict[int, dict[str, Any]] = {}
    for row in connection.execute(statement):
        figures = found.setdefault(row.day, no_figures())
        figures[row.target]["missed" if row.missed else "reached"] = row.count_
    return found
