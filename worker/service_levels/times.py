"""The time of a target: it runs, stops and ends, in the working time of a desk. Pure functions of rows."""

from dataclasses import replace

from worker.business_hours import Hours
from worker.service_policy import WARNING_SHARE, ServiceTarget, TargetState
from worker.store.rows import ServiceTargetRow


def running(row: ServiceTargetRow, hours: Hours, *, since: int) -> ServiceTargetRow:
    """Return a target whose time passes from `since` on (ms since 1970 UTC), with when it is due."""
    warn_left = row.left_ms - int(row.target_ms * (1 - WARNING_SHARE))
    due_at, warn_at = _when(row.left_ms, hours, since), _when(warn_left, hours, since)
    return noted(replace(row, state=TargetState.RUNNING, since=since, due_at=due_at, warn_at=warn_at))


def _when(left_ms: int, hours: Hours, since: int) -> int:
    """Return when so much time is left no more; what is overdue already was due by as much before."""
    return hours.add(since, left_ms) if left_ms > 0 else since + left_ms


def stopped(row: ServiceTargetRow, hours: Hours, *, at: int, state: TargetState) -> ServiceTargetRow:
    """Return a target whose time no longer passes, from a time on."""
    if row.since is None:
        return replace(row, state=state)
    left = row.left_ms - hours.between(row.since, at)
    return replace(row, state=state, left_ms=left, since=None, due_at=None, warn_at=None, notice_at=None)


def retargeted(row: ServiceTargetRow, target_ms: int) -> ServiceTargetRow:
    """Return a target with another length; the time that has passed still counts."""
    return replace(row, target_ms=target_ms, left_ms=row.left_ms + target_ms - row.target_ms)


def noted(row: ServiceTargetRow) -> ServiceTargetRow:
    """Return a target with the time at which its next event is to be recorded."""
    next_at = row.warn_at if row.warned_at is None else row.due_at if row.breached_at is None else None
    return replace(row, notice_at=next_at)


def ended(row: ServiceTargetRow, hours: Hours, *, at: int) -> ServiceTargetRow:
    """Return a target of a conversation that humans no longer have; a reply that was not written is not owed."""
    if row.state in (TargetState.REACHED, TargetState.CANCELLED):
        return replace(row, closed_at=at)
    reached = row.target == ServiceTarget.RESOLUTION
    row = stopped(row, hours, at=at, state=TargetState.REACHED if reached else TargetState.CANCELLED)
    return replace(row, closed_at=at, ended_at=at if reached else None)
