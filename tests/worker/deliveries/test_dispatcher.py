"""Threads are shared among lanes: what is slow or dead holds up nobody else."""

import threading
import time

import pytest
import sqlalchemy as sa

from tests.support.fakes import LOOPBACK, accept, record_resumed
from tests.support.processes import wait_for
from worker.deliveries.dispatcher import Dispatcher
from worker.deliveries.endpoints import Endpoints
from worker.deliveries.sender import Result, Sender
from worker.store.tables import delivery


class Wire:
    """What all transports of a test share: who was sent what, how many at once, and who does not answer."""

    def __init__(self):
        self.guard = threading.Lock()
        self.sent: list[tuple[str, str]] = []
        self.at_once: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self.hung: dict[str, threading.Event] = {}
        self.failing: set[str] = set()

    def send(self, claimed):
        lane = claimed.row["lane"]
        with self.guard:
            self.at_once[lane] = self.at_once.get(lane, 0) + 1
            self.most[lane] = max(self.most.get(lane, 0), self.at_once[lane])
        time.sleep(0.01)
        if lane in self.hung:
            self.hung[lane].wait(20)
        with self.guard:
            self.at_once[lane] -= 1
            self.sent.append((lane, claimed.row["id"]))
        return Result(status=500 if lane in self.failing else 204)

    def close(self):
        pass

    def count(self, lane: str) -> int:
        with self.guard:
            return sum(one == lane for one, _ in self.sent)


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def dispatcher(store, wire):
    made = Dispatcher(Sender(store), lambda: wire, well=4, others=2)
    yield made
    for event in wire.hung.values():
        event.set()
    made.stop(timeout_s=5)


@pytest.fixture
def lanes(store, workspace_id):
    """Five endpoints; each is to be told of thirty conversations."""
    endpoints = Endpoints(store, LOOPBACK)
    ids = [
        endpoints.make(workspace_id, {"url": f"http://127.0.0.1:{9000 + n}/", "events": ["conversation.resumed"]})["id"]
        for n in range(5)
    ]
    for _ in range(30):
        talk = accept(store, workspace_id)["conversation_id"]
        with store.begin() as tx:
            record_resumed(tx, talk, now=store.now(tx))
    return ids


def delivered(store) -> int:
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).where(delivery.c.state == "delivered")).scalar_one()


def test_all_is_sent_once(store, dispatcher, wire, lanes):
    dispatcher.sweep()
    wait_for(lambda: delivered(store) == 150, what="all of it")
    assert len(wire.sent) == len(set(wire.sent)) == 150
    assert max(wire.most.values()) > 1, "a lane that is well gets several runners"


def test_hung_lanes_hold_up_nobody_else(store, dispatcher, wire, lanes, monkeypatch):
    monkeypatch.setattr("worker.deliveries.dispatcher._SLOW_S", 0.2)
    hung, healthy = lanes[:3], lanes[3:]
    wire.hung = {lane: threading.Event() for lane in hung}
    dispatcher.sweep()

    def sent():
        dispatcher.sweep()
        return all(wire.count(lane) == 30 for lane in healthy)

    wait_for(sent, what="the healthy ones", timeout_s=15)
    assert [wire.count(lane) for lane in hung] == [0, 0, 0]
    assert sum(wire.most.values()) - sum(wire.most[lane] for lane in healthy) <= 4, "no more than new and sick ones get"


def test_a_lane_that_hangs_after_it_was_well_loses_its_threads_to_the_others(
    store, dispatcher, wire, lanes, monkeypatch
):
    monkeypatch.setattr("worker.deliveries.dispatcher._SLOW_S", 0.2)
    first, *others = lanes
    dispatcher.start([first])
    wait_for(lambda: wire.count(first) >= 3, what="it is well")
    wire.hung = {first: threading.Event()}

    def sent():
        dispatcher.sweep()
        return all(wire.count(lane) == 30 for lane in others)

    wait_for(sent, what="the others", timeout_s=15)
    assert wire.count(first) < 30


def test_a_failing_lane_rests(store, dispatcher, wire, lanes):
    wire.failing = {lanes[0]}

    def sent():
        dispatcher.sweep()
        return delivered(store) == 120

    wait_for(sent, what="the others")
    wait_for(lambda: wire.count(lanes[0]) >= 5, what="five failures")
    time.sleep(0.5)
    tried = wire.count(lanes[0])
    assert tried <= 6, "five failures in a row, and what was under way"
    for _ in range(5):
        dispatcher.sweep()
        time.sleep(0.05)
    assert wire.count(lanes[0]) == tried, "it rests"


def test_stopping_waits_for_what_is_under_way_and_begins_nothing(store, dispatcher, wire, lanes):
    wire.hung = {lane: threading.Event() for lane in lanes}
    dispatcher.sweep()
    wait_for(lambda: sum(wire.at_once.values()) >= 2, what="two attempts")
    threading.Timer(0.3, lambda: [event.set() for event in wire.hung.values()]).start()
    dispatcher.stop(timeout_s=10)
    assert delivered(store) == len(wire.sent) == 2
    dispatcher.sweep()
    assert len(wire.sent) == 2
