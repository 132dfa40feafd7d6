"""A test event looks like a real one, so that a receiver that takes it takes those as well."""

import pytest

from tests.support.fakes import accept, answer
from worker.conversations import event_feed
from worker.conversations.event_feed import Position
from worker.conversations.example_events import example_data, record_test_event
from worker.deliveries.outbox import TYPES, publish
from worker.store.scope import Scope
from worker.turns.mailbox import Mailbox


@pytest.mark.parametrize("type", list(TYPES))
def test_every_type_of_webhook_has_an_example(type):
    data = example_data(type, now=1_800_000_000_000)
    subject, _, change = type.partition(".")
    beside = {"conversation"} if subject == "message" else {"sla"} if change.startswith("sla_") else set()
    assert set(data) == {subject} | beside


def test_an_example_of_an_answer_has_the_fields_of_a_real_one(store, workspace_id):
    sent = accept(store, workspace_id)
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(sent["conversation_id"]), answer())
    scope = Scope(store, workspace_id)
    while len(events := event_feed.page(scope, after=Position(), limit=9).events) < 3:
        pass  # another transaction of the cluster holds it back
    real, example = events[-1][1]["data"], example_data("message.answered", now=1)
    for part in ("message", "conversation"):
        assert example[part].keys() == real[part].keys()
    assert example["message"]["reply"].keys() == real["message"]["reply"].keys()


def test_a_test_event_is_marked_and_goes_to_nobody_without_endpoints(store, workspace_id):
    id, endpoints = record_test_event(store, workspace_id, "endpoint.disabled")
    event = event_feed.get(Scope(store, workspace_id), id)
    assert (event["type"], event["data"]["test"], endpoints) == ("endpoint.disabled", True, [])
    assert event["data"]["endpoint"].keys() == {"id", "url", "reason", "disabled_at"}
    with store.begin() as tx:
        publish(tx, workspace_id, "document.ready", [], now=1)  # nothing happened
