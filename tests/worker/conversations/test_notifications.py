"""Notifications are sent once a change is applied as a whole, and from one place."""

import ast
from pathlib import Path

import pytest

from tests.support.fakes import FakeHints
from worker.conversations.notifications import Notifications

ROOT = Path(__file__).parents[3]


def test_a_webhook_is_applied_as_a_whole_before_a_worker_looks():
    recorder, calls = FakeHints(), []
    notifications = Notifications(wake=calls.append, hints=recorder)

    with notifications.held_back():
        notifications.send("one", messages=True)
        notifications.send("two", deliveries=True)
        notifications.send("one", deliveries=True)
        assert (calls, recorder.drained, recorder.delivered) == ([], [], [])

    assert (sorted(calls), recorder.drained) == (["one", "two"], ["one"])
    assert sorted(recorder.delivered) == ["one", "two"]
    notifications.send("three")
    assert calls[-1] == "three"


def test_what_was_committed_before_a_webhook_failed_is_notified():
    woken: list[str] = []
    notifications = Notifications(wake=woken.append, hints=FakeHints())

    def fail_after_a_commit() -> None:
        with notifications.held_back():
            notifications.send("one")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_a_commit()

    assert woken == ["one"]


def test_one_notification_that_fails_holds_back_no_other_and_fails_no_request():
    hinted: list[str] = []
    woken: list[str] = []

    class BrokenOnce(FakeHints):
        def deliver(self, conversation_id: str) -> None:
            if conversation_id == "one":
                raise ZeroDivisionError
            hinted.append(conversation_id)

    notifications = Notifications(wake=woken.append, hints=BrokenOnce())

    with notifications.held_back():
        notifications.send("one", deliveries=True)
        notifications.send("two", deliveries=True)

    assert (woken, hinted) == (["one", "two"], ["two"])


def test_only_the_actions_and_a_turn_wake_streams_and_hint_at_messages():
    """Each caller that did it by itself forgot a part: a stream, the worker or the deliveries."""
    callers = {
        path.relative_to(ROOT).as_posix()
        for package in ("web", "tasks", "worker")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".wakeups.send"))
        or (isinstance(node, ast.Attribute) and ast.unparse(node).endswith("hints.drain"))
    }

    assert callers == {"worker/conversations/notifications.py"}
