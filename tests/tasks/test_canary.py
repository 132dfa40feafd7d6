"""The canary goes the way of the hints that it stands for."""

from tasks.canary import canary
from worker import hints
from worker.app import app


def test_the_canary_is_the_task_that_the_watchdog_sends_and_does_nothing():
    assert app.tasks[hints.CANARY] == canary
    sent = canary.apply(kwargs={"newer": "x"})
    assert (sent.successful(), sent.result) == (True, None)
