"""Threads are shared among destinations: a slow or dead one delays no other."""

import threading
import time

import pytest
import sqlalchemy as sa

from tests.support.fakes import LOOPBACK, accept, record_resumed
from tests.support.processes import wait_for
from worker.deliveries.dispatcher import Dispatcher
from worker.deliveries.endpoints import Endpoints
from worker.deliveries.sender import AttemptResult, Sender
from worker.store.tables import delivery


class FakeTransport:
    """A transport that records what it sends, and that hangs or fails where a test says so."""

    def __init__(self):
        self.guard = threading.Lock()
        self.sent: list[tuple[str, str]] = []
        self.at_once: dict[str, int] = {}
        self.max_at_once: dict[str, int] = {}
        self.hung: dict[str, threading.Event] = {}
        self.failing: set[str] = set()

    def send(self, claimed):
        destination = claimed.delivery.destination_id
        with self.guard:
            self.at_once[destination] = self.at_once.get(destination, 0) + 1
            self.max_at_once[destination] = max(self.max_at_once.get(destination, 0), self.at_once[destination])
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
            return sum(sent_to == destination for sent_to, _ in self.sent)


@pytest.fixture
def transport():
    return FakeTransport()


@pytest.fixture
def dispatcher(store, transport):
    made = Dispatcher(Sender(store), lambda: transport, healthy=4, others=2)
    yield made
    for event in transport.hung.values():
        event.set()
    made.stop(timeout_s=5)


@pytest.fixture
def destinations(store, workspace_id):
    """Five endpoints with a due delivery of each of thirty conversations."""
    endpoints = Endpoints(store, LOOPBACK)
    ids = [
        endpoints.make(workspace_id, {"url": f"http://127.0.0.1:{9000 + n}/", "events": ["conversation.resumed"]})["id"]
        for n in range(5)
    ]
    for _ in range(30):
        conversation_id = accept(store, workspace_id)["conversation_id"]
        with store.begin() as tx:
            record_resumed(tx, conversation_id, now=store.now(tx))
    return ids


def delivered(store) -> int:
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).where(delivery.c.state == "delivered")).scalar_one()


def test_every_delivery_is_sent_once(store, dispatcher, transport, destinations):
    dispatcher.sweep()
    wait_for(lambda: delivered(store) == 150, what="all of it")
    assert len(transport.sent) == len(set(transport.sent)) == 150
    assert max(transport.max_at_once.values()) > 1, "a healthy destination gets several runners"


def test_hung_destinations_delay_no_others(store, dispatcher, transport, destinations, monkeypatch):
    monkeypatch.setattr("worker.deliveries.dispatcher._SLOW_S", 0.2)
    hung, healthy = destinations[:3], destinations[3:]
    transport.hung = {destination: threading.Event() for destination in hung}
    dispatcher.sweep()

    def sent():
        dispatcher.sweep()
        return all(transport.count(destination) == 30 for destination in healthy)

    wait_for(sent, what="the healthy ones", timeout_s=15)
    assert [transport.count(destination) for destination in hung] == [0, 0, 0]
    at_hung_ones = sum(count for destination, count in transport.max_at_once.items() if destination not in healthy)
    assert at_hung_ones <= 4, "no more than new and failing ones get"


def test_a_destination_that_hangs_after_it_was_healthy_loses_its_threads_to_the_others(
    store, dispatcher, transport, destinations, monkeypatch
):
    monkeypatch.setattr("worker.deliveries.dispatcher._SLOW_S", 0.2)
    first, *others = destinations
    dispatcher.start([first])
    wait_for(lambda: transport.count(first) >= 3, what="a healthy destination")
    transport.hung = {first: threading.Event()}

    def sent():
        dispatcher.sweep()
        return all(transport.count(destination) == 30 for destination in others)

    wait_for(sent, what="the others", timeout_s=15)
    assert transport.count(first) < 30


def test_the_circuit_of_a_failing_destination_opens(store, dispatcher, transport, destinations):
    transport.failing = {destinations[0]}

    def sent():
        dispatcher.sweep()
        return delivered(store) == 120

    wait_for(sent, what="the others")
    wait_for(lambda: transport.count(destinations[0]) >= 5, what="five failures")
    time.sleep(0.5)
    tried = transport.count(destinations[0])
    assert tried <= 6, "five failures in a row, and what was under way"
    for _ in range(5):
        dispatcher.sweep()
        time.sleep(0.05)
    assert transport.count(destinations[0]) == tried, "its circuit is open"


def test_stopping_waits_for_attempts_under_way_and_starts_none(store, dispatcher, transport, destinations):
    transport.hung = {destination: threading.Event() for destination in destinations}
    dispatcher.sweep()
    wait_for(lambda: sum(transport.at_once.values()) >= 2, what="two attempts")
    threading.Timer(0.3, lambda: [event.set() for event in transport.hung.values()]).start()
    dispatcher.stop(timeout_s=10)
    assert delivered(store) == len(transport.sent) == 2
    dispatcher.sweep()
    assert len(transport.sent) == 2
