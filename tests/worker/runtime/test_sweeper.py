"""The sweeper continues after failures, and does not do work twice at a time."""

import threading

from tests.support.processes import wait_for
from worker.runtime.sweeper import Sweeper, WorkerPool


def test_a_failing_duty_does_not_delay_others():
    done: list[str] = []

    def fails() -> None:
        done.append("fails")
        raise RuntimeError

    sweeper = Sweeper([(fails, 0.1), (lambda: done.append("other"), 0.1)], beat=lambda: done.append("beat"))
    sweeper.start()
    wait_for(lambda: done.count("fails") > 1 and done.count("other") > 1, timeout_s=10)
    sweeper.stop()
    assert done.count("beat") > 1


def test_a_pool_counts_its_idle_threads():
    pool = WorkerPool(4, name="test")
    release = threading.Event()
    done: list[str] = []

    def work(id: str) -> None:
        release.wait(10)
        done.append(id)
        if id == "bad":
            raise RuntimeError

    pool.do(work, ["a", "bad"])
    pool.do(work, ["a"])
    assert pool.free == 1
    release.set()
    wait_for(lambda: pool.free == 4, timeout_s=10)
    assert sorted(done) == ["a", "a", "bad"]
    pool.stop()
    pool.do(work, ["late"])
    assert pool.free == 4
