"""The time of a target runs, rests and goes on with what is left."""

from worker.business_hours import ALWAYS, hours_of
from worker.service_levels import times
from worker.service_policy import ServiceTarget, TargetState
from worker.states import Priority
from worker.store.rows import ServiceTargetRow

ROW = ServiceTargetRow(
    id="sla_1",
    workspace_id="w",
    conversation_id="c",
    target=ServiceTarget.RESOLUTION,
    priority=Priority.NORMAL,
    state=TargetState.RUNNING,
    target_ms=100,
    left_ms=100,
    started_at=1_000,
)


def test_it_is_due_when_what_is_left_has_passed_and_warns_at_three_quarters():
    row = times.running(ROW, ALWAYS, since=1_000)
    assert (row.warn_at, row.due_at, row.notice_at) == (1_075, 1_100, 1_075)
    rested = times.stopped(row, ALWAYS, at=1_030, state=TargetState.PAUSED)
    assert (rested.left_ms, rested.due_at, rested.notice_at) == (70, None, None)
    assert times.running(rested, ALWAYS, since=5_000).due_at == 5_070


def test_another_length_leaves_the_time_that_has_passed():
    rested = times.stopped(times.running(ROW, ALWAYS, since=0), ALWAYS, at=40, state=TargetState.PAUSED)
    assert times.retargeted(rested, 50).left_ms == 10
    assert times.running(times.retargeted(rested, 30), ALWAYS, since=500).due_at == 490


def test_what_was_overdue_when_it_rested_is_overdue_by_as_much_when_it_goes_on():
    rested = times.stopped(times.running(ROW, ALWAYS, since=0), ALWAYS, at=130, state=TargetState.PAUSED)
    later = times.running(rested, ALWAYS, since=5_000)
    assert (later.due_at, later.warn_at) == (4_970, 4_945)
    sunday, nights = 3 * 86_400_000, hours_of(["UTC", "mon 09:00-17:00"])
    assert times.running(rested, nights, since=sunday).due_at == sunday - 30


def test_the_end_of_the_work_reaches_a_resolution_and_cancels_a_reply_that_nobody_wrote():
    row = times.running(ROW, ALWAYS, since=0)
    assert times.ended(row, ALWAYS, at=60).state == TargetState.REACHED
    reply = times.running(ServiceTargetRow(**{**vars(ROW), "target": ServiceTarget.FIRST_RESPONSE}), ALWAYS, since=0)
    assert times.ended(reply, ALWAYS, at=60).state == TargetState.CANCELLED
