"""A slow, failing or limited destination delays no other, and is probed before it gets everything again."""

import json

import pytest
import sqlalchemy as sa

from tests.support.deliveries import DueSender, enqueue_again, rows_in
from tests.support.fakes import LOOPBACK, TableClock, accept
from tests.support.receiver import Receiver
from worker.deliveries.destinations import FAILURES
from worker.deliveries.endpoints import Endpoints
from worker.deliveries.sender import AttemptResult
from worker.errors import Conflict
from worker.store.tables import delivery


def test_the_circuit_of_a_failing_destination_opens_and_is_probed_once(store, workspace_id, desk, receiver, subscribed):
    made, _conversation, _ids = subscribed
    for _ in range(9):
        enqueue_again(store, accept(store, workspace_id)["conversation_id"], 1)
    receiver.responses = [(503, {})] * 50
    desk.send_due()
    assert len(receiver.got) == FAILURES, "five failures in a row, and no sixth"
    TableClock.advance(store, 10)
    assert desk.send_due() == 0
    TableClock.advance(store, 6)
    desk.send_due()
    assert len(receiver.got) == FAILURES + 1
    shown = Endpoints(store, LOOPBACK).show(workspace_id, made["id"])
    assert shown["failures"] == FAILURES + 1
    assert shown["circuit_open_until"] is not None
    receiver.responses = []
    TableClock.advance(store, 400)
    desk.send_due()
    assert Endpoints(store, LOOPBACK).show(workspace_id, made["id"])["failures"] == 0
    assert rows_in(store, "delivered") == 12


def test_an_endpoint_that_asks_to_wait_gets_nothing_before(store, workspace_id, desk, receiver, subscribed):
    enqueue_again(store, accept(store, workspace_id)["conversation_id"], 1)
    receiver.responses = [(429, {"retry-after": "60"})]
    desk.send_due()
    assert len(receiver.got) == 1
    TableClock.advance(store, 61)
    desk.send_due()
    assert rows_in(store, "delivered") == 4


def test_an_endpoint_that_is_gone_is_disabled_with_an_event(store, workspace_id, desk, endpoints, subscribed):
    made, _conversation, _ids = subscribed
    watcher = Receiver()
    endpoints.make(workspace_id, {"url": watcher.url, "events": ["endpoint.disabled"]})
    desk_receiver = Receiver()
    endpoints.change(workspace_id, made["id"], {"url": desk_receiver.url})
    desk_receiver.responses = [(410, {})]
    desk.send_due()
    desk.send_due()
    shown = endpoints.show(workspace_id, made["id"])
    assert (shown["state"], shown["reason"]) == ("disabled", "It answered 410 Gone.")
    assert len(desk_receiver.got) == 1
    assert rows_in(store, "exhausted") == 3
    told_of = json.loads(watcher.got[0][1])
    assert (told_of["type"], told_of["data"]["endpoint"]["id"]) == ("endpoint.disabled", made["id"])
    with pytest.raises(Conflict):
        endpoints.recover(workspace_id, made["id"], since_ms=0)
    endpoints.change(workspace_id, made["id"], {"state": "enabled"})
    assert endpoints.recover(workspace_id, made["id"], since_ms=0) == 3
    desk.send_due()
    assert len(desk_receiver.got) == 4
    for server in (watcher, desk_receiver):
        server.shutdown()
        server.server_close()


def test_an_endpoint_that_fails_for_five_days_is_disabled(store, workspace_id, desk, endpoints, receiver, subscribed):
    made, _conversation, _ids = subscribed
    receiver.responses = [(500, {})] * 100
    for _ in range(140):
        desk.send_due()
        TableClock.advance(store, 3_600)
        if endpoints.show(workspace_id, made["id"])["state"] == "disabled":
            break
    shown = endpoints.show(workspace_id, made["id"])
    assert shown["state"] == "disabled" or rows_in(store, "exhausted") == 1, "its schedule ended before"
    assert shown["failures"] > 5


def test_a_rate_is_kept(store, workspace_id, endpoints, receiver):
    made = endpoints.make(
        workspace_id, {"url": receiver.url, "events": ["conversation.resumed"], "rate_limit": "2/second"}
    )
    for _ in range(8):
        enqueue_again(store, accept(store, workspace_id)["conversation_id"], 1)
    desk = DueSender(store)
    desk.send_due()
    first = len(receiver.got)
    assert first == 3, "a second's worth, and one that was due"
    for _ in range(10):
        TableClock.advance(store, 0.5)
        desk.send_due()
    assert len(receiver.got) == 8
    with store.read() as connection:
        assert connection.execute(sa.select(delivery.c.attempts).distinct()).scalars().all() == [1]
    assert made["rate_limit"] == "2/second"


def test_one_delivery_probes_a_destination_before_the_others_are_sent(store, workspace_id, desk, receiver, subscribed):
    made, _conversation, _ids = subscribed
    for _ in range(9):
        enqueue_again(store, accept(store, workspace_id)["conversation_id"], 1)
    receiver.responses = [(503, {})] * 50
    desk.send_due()
    TableClock.advance(store, 60)
    probe = desk.sender.claim(made["id"])
    assert probe is not None
    assert desk.sender.claim(made["id"]) is None, "one delivery probes"
    desk.sender.finish(probe, AttemptResult(status=204))
    assert desk.sender.claim(made["id"]) is not None
