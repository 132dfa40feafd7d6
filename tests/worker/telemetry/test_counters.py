"""Counters over all processes."""

import threading

from worker.errors import DatabaseUnavailable
from worker.telemetry.counters import NAMES, Counters


def test_counts_of_all_processes_add_up(store):
    first, second = Counters(store, every_s=60), Counters(store, every_s=60)
    first.add("retries")
    second.add("retries", 2)
    second.add("writes_fenced")
    first.flush()
    second.flush()
    assert first.read() == {**dict.fromkeys(NAMES, 0), "retries": 3, "writes_fenced": 1}


def test_counts_stay_pending_while_the_database_is_unavailable(store, monkeypatch):
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
