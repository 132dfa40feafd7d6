"""A hint never holds up who gives it, and may be lost."""

import threading
import time

import pytest

from worker.hints import DRAIN, QUEUES, Hints


def test_hints_are_published_in_order_with_ids_only():
    published = []
    hints = Hints(lambda task, queue, arguments: published.append((task, queue, dict(arguments))))
    hints.drain("conv_1")
    hints.deliver("conv_1")
    hints.send("ep_1")
    hints.index("ws_1")
    hints.stop()
    assert published[0] == (DRAIN, "answer", {"conversation_id": "conv_1"})
    assert [queue for _task, queue, _arguments in published] == ["answer", "callback", "callback", "ingest"]


@pytest.mark.alone
def test_a_hung_broker_holds_nobody_up_and_a_full_queue_drops():
    release = threading.Event()
    hints = Hints(lambda *_: release.wait(10), capacity=5)
    began = time.monotonic()
    for number in range(50):
        hints.drain(f"conv_{number}")
    assert time.monotonic() - began < 0.5
    assert hints.dropped >= 40
    release.set()
    hints.stop()


def test_a_broker_that_fails_loses_a_hint_not_the_thread():
    published = []

    def publish(_task, _queue, arguments):
        if arguments["conversation_id"] == "bad":
            raise ConnectionError
        published.append(arguments["conversation_id"])

    hints = Hints(publish)
    for id in ("bad", "good"):
        hints.drain(id)
    hints.stop()
    assert published == ["good"]


def test_every_hint_has_a_task_and_every_queue_a_worker():
    """A name that no worker knows is rejected by Celery, and so lost."""
    import tasks.answer
    import tasks.callback
    import tasks.knowledge  # noqa: F401
    from worker.app import app
    from worker.launch.consuming import POOLS
    from worker.launch.supervisor import PROGRAMS

    assert set(QUEUES) <= set(app.tasks)
    assert set(QUEUES.values()) == set(POOLS)
    consumed = {command[2] for command in PROGRAMS.values() if command[:2] == ["answerback", "worker"]}
    assert consumed == set(QUEUES.values())
    assert {route["queue"] for route in app.conf.task_routes.values()} == set(QUEUES.values())


def test_tasks_tolerate_arguments_of_newer_publishers():
    import inspect

    import tasks.answer
    import tasks.callback
    import tasks.knowledge

    for task in (tasks.answer.drain, tasks.callback.deliver, tasks.callback.send, tasks.knowledge.index):
        kinds = {parameter.kind for parameter in inspect.signature(task.run).parameters.values()}
        assert kinds == {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}
