"""What operators see of the past and of now."""

import threading

from tests.support.fakes import TableClock, accept
from worker.errors import DatabaseUnavailable
from worker.runtime.presence import Presence, live_workers
from worker.runtime.status import status
from worker.telemetry.counters import NAMES, Counters
from worker.turns.mailbox import Mailbox


def test_counts_of_all_processes_add_up(store):
    first, second = Counters(store, every_s=60), Counters(store, every_s=60)
    first.add("retries")
    second.add("retries", 2)
    second.add("writes_fenced")
    first.flush()
    second.flush()
    assert first.read() == {**dict.fromkeys(NAMES, 0), "retries": 3, "writes_fenced": 1}


def test_counts_are_kept_while_the_database_is_away(store, monkeypatch):
    counters = Counters(store, every_s=0.05)

    def away():
        raise DatabaseUnavailable

    monkeypatch.setattr(store, "begin", away)
    counters.add("retries")
    counters.stop()
    monkeypatch.undo()
    assert counters.read()["retries"] == 0
    counters.flush()
    assert counters.read()["retries"] == 1


def test_threads_lose_no_count(store):
    counters = Counters(store, every_s=0.01)
    threads = [
        threading.Thread(target=lambda: [counters.add("retries") for _ in range(200)], daemon=True) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counters.stop()
    assert counters.read()["retries"] == 1600


def test_who_was_not_seen_for_a_while_does_not_live(store):
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


def test_status_tells_what_waits_and_who_works(store, workspace_id):
    counters = Counters(store)
    assert status(store, counters)["oldest_unanswered_s"] is None
    first = accept(store, workspace_id)
    TableClock.advance(store, 3)
    accept(store, workspace_id)
    Mailbox(store, holder="one").claim(first["conversation_id"])
    found = status(store, counters)
    assert (found["open_messages"], found["oldest_unanswered_s"], found["leases_held"]) == (2, 3.0, 1)
    TableClock.advance(store, 11)
    assert status(store, counters)["leases_held"] == 0, "a lease that ran out is not held"
