"""Rows of service levels."""

from dataclasses import dataclass

from worker.service_policy import ServiceTarget, TargetState
from worker.states import Priority
from worker.store.rows.base import TableRow


@dataclass(frozen=True, kw_only=True)
class ServiceTargetRow(TableRow):
    """A target of a conversation that a human has, with its time."""

    id: str
    workspace_id: str
    conversation_id: str
    target: ServiceTarget
    priority: Priority
    state: TargetState
    target_ms: int
    left_ms: int
    since: int | None = None
    due_at: int | None = None
    warn_at: int | None = None
    notice_at: int | None = None
    warned_at: int | None = None
    breached_at: int | None = None
    started_at: int
    ended_at: int | None = None
    closed_at: int | None = None
