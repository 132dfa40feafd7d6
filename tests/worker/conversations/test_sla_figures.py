"""Targets are counted by the day on which their time began, each once."""

from tests.support.fakes import accept
from worker.conversations.sla_figures import by_day
from worker.store.tables import service_target

DAY = 86_400_000


def test_what_was_reached_missed_and_cancelled_is_told_apart(store, workspace_id):
    rows = [
        ("first_response", "reached", None, 0),
        ("first_response", "reached", 5, 1),
        ("first_response", "cancelled", None, 1),
        ("resolution", "running", 9, 1),
        ("resolution", "running", None, 1),
    ]
    id = accept(store, workspace_id)["conversation_id"]
    with store.begin() as tx:
        for number, (target, state, breached_at, day) in enumerate(rows):
            values = {"target": target, "state": state, "breached_at": breached_at, "started_at": day * DAY + 1}
            same = {"workspace_id": workspace_id, "priority": "normal", "target_ms": 1, "left_ms": 1, "closed_at": 1}
            tx.execute(service_target.insert().values(id=f"sla_{number}", conversation_id=id, **values, **same))
    with store.read() as connection:
        found = by_day(connection, workspace_id, since_ms=0)
        later = by_day(connection, workspace_id, since_ms=DAY)
    assert found[0]["first_response"] == {"reached": 1, "missed": 0}
    assert later == {1: {"first_response": {"reached": 0, "missed": 1}, "resolution": {"reached": 0, "missed": 1}}}
