"""A sweep goes on whatever one duty does, and nothing it finds is done twice at a time."""

import threading

from tests.support.processes import wait_for
from worker.sweeper import Crew, Sweeper


def test_a_duty_that_fails_holds_up_no_other():
    done: list[str] = []

    def fails() -> None:
        done.append("fails")
        raise RuntimeError

    sweeper = Sweeper({fails: 0.1, lambda: done.append("other"): 0.1}, beat=lambda: done.append("beat"))
    sweeper.start()
    wait_for(lambda: done.count("fails") > 1 and done.count("other") > 1, timeout_s=10)
    sweeper.stop()
    assert done.count("beat") > 1


def test_a_crew_does_each_thing_once_at_a_time_and_again_when_it_is_due_again():
    crew = Crew(4, name="test")
    release = threading.Event()
    done: list[str] = []

    def work(id: str) -> None:
        release.wait(10)
        done.append(id)
        if id == "bad":
            raise RuntimeError

    crew.do(work, ["a", "bad", "a"])
    crew.do(work, ["a"])
    assert crew.free == 2
    release.set()
    wait_for(lambda: crew.free == 4, timeout_s=10)
    assert sorted(done) == ["a", "bad"]
    crew.do(work, ["a"])
    wait_for(lambda: len(done) == 3, timeout_s=10)
    crew.stop()
    crew.do(work, ["late"])
    assert crew.free == 4
