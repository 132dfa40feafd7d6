"""A check never raises, and all that failed is reported together."""

import pytest

from worker.checks.check import Check, require, run
from worker.errors import DatabaseUnavailable, StartupFailed


def failing(error):
    def ask():
        raise error

    return Check(name=type(error).__name__, run=ask)


def test_an_error_is_a_finding_and_an_unforeseen_one_is_named():
    assert run(Check(name="ok", run=lambda: "fine")).problem is None
    assert run(failing(StartupFailed("Start it."))).problem == "Start it."
    assert run(failing(ZeroDivisionError("x"))).problem == "ZeroDivisionError: x"
    assert "its own check says" in run(failing(DatabaseUnavailable())).problem


def test_all_problems_are_reported_together():
    with pytest.raises(StartupFailed, match=r"One\.\nStartupFailed: Two\."):
        require([failing(StartupFailed("One.")), failing(StartupFailed("Two."))])
    require([])
