"""Threads are shared among destinations: what is slow or dead holds up nobody else."""

import threading
import time

import pytest
import sqlalchemy as sa

from tests.support.fakes import LOOPBACK, accept
from tests.support.processes import wait_for
from worker.conversations.events import announce_conversation
from worker.deliveries.dispatcher import Dispatcher
from worker.deliveries.endpoints import Endpoints
from worker.deliveries.sender import AttemptResult, Sender
from worker.store.tables import conversation, delivery


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
        destination = claimed.delivery.destination_id
        with self.guard:
            self.at_once[destination] = self.at_once.get(destination, 0) + 1
            self.most[destination] = max(self.most.get(destination, 0), self.at_once[destination])
        time.sleep(0.01)
        if destination in self.hung:
            self.hung[destination].wait(20)
        with self.guard:
            self.at_once[destination] -= 1
            self.sent.append((destination, claimed.delivery.id))
        return AttemptResult(status=500 if destination in self.failing else 204)

    def close(self):
        pass

    def count(self, destination: str) -> int:
        with self.guard:
            return sum(one == destination for one, _ in self.sent)


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def dispatcher(store, wire):
    made = Dispatcher(Sender(store), lambda: wire, healthy=4, others=2)
    yield made
    for event in wire.hung.values():
        event.set()
    made.stop(timeout_s=5)


@pytest.fixture
def destinations(store, workspace_id):
    """Five endpoints; each is to be told of thirty conversations."""
    endpoints = Endpoints(store, LOOPBACK)
    ids = [
        endpoints.make(workspace_id, {"url": f"http://127.0.0.1:{9000 + n}/", "events": ["conversation.resumed"]})["id"]
        for n in range(5)
    ]
    for _ in range(30):
        talk = accept(store, workspace_id)["conversation_id"]
        with store.begin() as tx:
            row = tx.execute(sa.select(conversation).where(conversation.c.id == talk)).mappings().one()
            announce_conversation(tx, row, "conversation.resumed", now=store.now(tx), data={})
    return ids


def delivered(store) -> int:
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).where(delivery.c.state == "delivered")).scalar_one()


def test_all_is_sent_once(store, dispatcher, wire, destinations):
    dispatcher.sweep()
    wait_for(lambda: delivered(store) == 150, what="all of it")
    assert len(wire.sent) == len(set(wire.sent)) == 150
    assert max(wire.most.values()) > 1, "a destination that is well gets several runners"


def test_hung_destinations_hold_up_nobody_else(store, dispatcher, wire, destinations, monkeypatch):
    monkeypatch.setattr("worker.deliveries.dispatcher._SLOW_S", 0.2)
    hung, healthy = destinations[:3], destinations[3:]
    wire.hung = {destination: threading.Event() for destination in hung}
    dispatcher.sweep()

    def sent():
        dispatcher.sweep()
        return all(wire.count(destination) == 30 for destination in healthy)

    wait_for(sent, what="the healthy ones", timeout_s=15)
    assert [wire.count(destination) for destination in hung] == [0, 0, 0]
    assert sum(wire.most.values()) - sum(wire.most[destination] for destination in healthy) <= 4, (
        "no more than new and sick ones get"
    )


def test_a_destination_that_hangs_after_it_was_well_loses_its_threads_to_the_others(
    store, dispatcher, wire, destinations, monkeypatch
):
    monkeypatch.setattr("worker.deliveries.dispatcher._SLOW_S", 0.2)
    first, *others = destinations
    dispatcher.start([first])
    wait_for(lambda: wire.count(first) >= 3, what="it is well")
    wire.hung = {first: threading.Event()}

    def sent():
        dispatcher.sweep()
        return all(wire.count(destination) == 30 for destination in others)

    wait_for(sent, what="the others", timeout_s=15)
    assert wire.count(first) < 30


def test_a_failing_destination_rests(store, dispatcher, wire, destinations):
    wire.failing = {destinations[0]}

    def sent():
        dispatcher.sweep()
        return delivered(store) == 120

    wait_for(sent, what="the others")
    wait_for(lambda: wire.count(destinations[0]) >= 5, what="five failures")
    time.sleep(0.5)
    tried = wire.count(destinations[0])
    assert tried <= 6, "five failures in a row, and what was under way"
    for _ in range(5):
        dispatcher.sweep()
        time.sleep(0.05)
    assert wire.count(destinations[0]) == tried, "it rests"


def test_stopping_waits_for_what_is_under_way_and_begins_nothing(store, dispatcher, wire, destinations):
    wire.hung = {destination: threading.Event() for destination in destinations}
    dispatcher.sweep()
    wait_for(lambda: sum(wire.at_once.values()) >= 2, what="two attempts")
    threading.Timer(0.3, lambda: [event.set() for event in wire.hung.values()]).start()
    dispatcher.stop(timeout_s=10)
    assert delivered(store) == len(wire.sent) == 2
    dispatcher.sweep()
    assert len(wire.sent) == 2
