"""Presence of worker processes."""

from tests.support.fakes import TableClock
from worker.runtime.presence import Presence, live_workers


def test_a_worker_without_recent_reports_is_not_listed(store):
    state = ["working"]
    presence = Presence(store, holder="h", roles=("answer",), state=lambda: state[0], leases=lambda: 3)
    presence.report()
    assert [(worker["id"], worker["roles"], worker["state"], worker["leases"]) for worker in live_workers(store)] == [
        ("h", ["answer"], "working", 3)
    ]
    state[0] = "stalled"
    TableClock.advance(store, 4)
    presence.report()
    TableClock.advance(store, 4)
    assert [worker["state"] for worker in live_workers(store)] == ["stalled"]
    TableClock.advance(store, 2)
    assert live_workers(store) == []
    presence.report()
    presence.withdraw()
    assert live_workers(store) == []
