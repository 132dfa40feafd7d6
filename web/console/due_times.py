"""The time that is left until a target of the service level is due, as pages show it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import flask
from markupsafe import Markup

from web.console.site import at, blueprint
from web.console.site import inbox_query as query
from worker.conversations.inbox_lists import Listed
from worker.service_policy import ServiceTarget, TargetState
from worker.store.rows import ServiceTargetRow
from worker.time import to_rfc3339

#: Labels of targets.
TARGETS = {ServiceTarget.FIRST_RESPONSE: "First response", ServiceTarget.RESOLUTION: "Resolution"}

_MINUTE_MS = 60_000


@blueprint.app_context_processor
def _shared() -> dict[str, object]:
    return {"target_labels": TARGETS, "inbox_at": _inbox_at}


def _inbox_at(listed: Listed, **changes: Any) -> str:
    """Return the address of a list of the inbox with other parameters; None leaves one out."""
    return flask.url_for("console.inbox", **{**query(listed), **changes})


def duration(ms: int) -> str:
    """Return a time in its two largest units, such as "3h 20m"; less than a minute counts as one."""
    minutes = max(1, ms // _MINUTE_MS)
    days, hours, minutes = minutes // 1_440, minutes // 60 % 24, minutes % 60
    parts = [f"{number}{unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "m"))]
    first = next(index for index, part in enumerate(parts) if not part.startswith("0"))
    return " ".join(part for part in parts[first : first + 2] if not part.startswith("0"))


@blueprint.app_template_filter("time_left")
def time_left(sla: Mapping[str, str]) -> Markup:
    """Return how long a conversation's next target still has, or for how long it is overdue."""
    return _time_left(sla["due_at"], sla["warn_at"], label=TARGETS[ServiceTarget(sla["target"])])


@blueprint.app_template_filter("target_state")
def target_state(row: ServiceTargetRow) -> Markup | str:
    """Return the state of a target: the time that is left, that it waits, or how it ended."""
    missed = row.breached_at is not None
    if row.due_at is not None and row.warn_at is not None:
        return _time_left(to_rfc3339(row.due_at), to_rfc3339(row.warn_at), label="")
    if row.state == TargetState.PAUSED:
        left = f", {duration(row.left_ms)} left" if row.left_ms > 0 else ""
        return f"{'overdue, ' if missed else ''}paused until the customer writes{left}"
    if row.state == TargetState.REACHED:
        return "missed" if missed else "reached"
    return "none"


def _time_left(due_at: str, warn_at: str, *, label: str) -> Markup:
    now = datetime.now(UTC)
    left_ms = int((datetime.fromisoformat(due_at) - now).total_seconds() * 1_000)
    if left_ms <= 0:
        state, text = "overdue", f"{duration(-left_ms)} overdue"
    else:
        state = "soon" if datetime.fromisoformat(warn_at) <= now else "calm"
        text = f"{duration(left_ms)} left"
    title = f"{label} due " if label else "Due "
    return Markup('<span class="sla {}" title="{}{}">{}</span>').format(state, title, due_at, at(due_at, label=text))
