"""Deliveries are hinted at whatever their kind, so that no ticket waits for the sweeper."""

import pytest
import sqlalchemy as sa

from tests.support.fakes import LOOPBACK, accept, answer
from worker.deliveries.due import DeliveryHints
from worker.deliveries.endpoints import Endpoints
from worker.errors import DatabaseUnavailable
from worker.helpdesks.connections import Connections
from worker.store.tables import conversation, delivery
from worker.turns.mailbox import Mailbox


@pytest.fixture
def hinted():
    return []


@pytest.fixture
def hints(store, hinted):
    return DeliveryHints(store=store, hint=hinted.append)


def finish(store, workspace_id, **fields):
    sent = accept(store, workspace_id, **fields)
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(sent["conversation_id"]), answer())
    return sent["conversation_id"]


def test_a_callback_url_and_an_endpoint_are_hinted_at(store, workspace_id, hints, hinted):
    silent = finish(store, workspace_id)
    with_callback = finish(store, workspace_id, callback_url="https://desk.example/hook")
    Endpoints(store, LOOPBACK).make(workspace_id, {"url": "https://a.example/hook"})
    with_endpoint = finish(store, workspace_id)

    hints.deliver(silent, with_callback, with_endpoint)

    assert sorted(hinted) == sorted([with_callback, with_endpoint])


def test_a_ticket_is_hinted_at(store, workspace_id, hints, hinted):
    new = {"kind": "zendesk", "name": "desk", "url": "https://127.0.0.1", "token": "t", "mode": "reply"}
    desk = Connections(store, LOOPBACK, mail=None).make(
        workspace_id, {**new, "options": {"bot_id": "1", "email": "bot@desk.example"}}
    )
    sent = accept(store, workspace_id)
    with store.begin() as tx:
        tx.execute(conversation.update().values(helpdesk_id=desk["id"], external_id=f"{desk['id']}:7"))
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(sent["conversation_id"]), answer())

    hints.deliver(sent["conversation_id"])

    assert hinted == [sent["conversation_id"]]


def test_what_was_sent_or_waits_for_its_next_attempt_is_not_hinted_at(store, workspace_id, hints, hinted):
    conversation_id = finish(store, workspace_id, callback_url="https://desk.example/hook")
    with store.begin() as tx:
        tx.execute(delivery.update().values(due_at=delivery.c.due_at + 1))
    hints.deliver(conversation_id)
    with store.begin() as tx:
        tx.execute(delivery.update().values(state="delivered", due_at=sa.null()))
    hints.deliver(conversation_id)
    assert hinted == []


@pytest.mark.parametrize("error", [DatabaseUnavailable(cause="gone"), ZeroDivisionError()])
def test_a_look_that_fails_after_the_commit_fails_no_turn(store, hints, hinted, monkeypatch, error):
    def fail():
        raise error

    monkeypatch.setattr(store, "read", fail)
    hints.deliver("conv_1")
    assert hinted == []


def test_a_hint_that_fails_costs_only_itself(store, workspace_id):
    conversations = [finish(store, workspace_id, callback_url="https://desk.example/hook") for _ in range(2)]
    hinted = []

    def hint(conversation_id):
        hinted.append(conversation_id)
        if len(hinted) == 1:
            raise ZeroDivisionError

    DeliveryHints(store=store, hint=hint).deliver(*conversations)

    assert sorted(hinted) == sorted(conversations)
