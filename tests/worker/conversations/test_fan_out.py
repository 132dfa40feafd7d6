"""Deliveries that an event causes are enqueued in its transaction, or the desk never hears of it."""

import json

import pytest
import sqlalchemy as sa

from tests.support.fakes import accept, answer, conversation_actions
from worker.conversations.outcomes import Handoff
from worker.states import HandoffReason
from worker.store.tables import delivery, endpoint
from worker.turns.mailbox import Mailbox

CALLBACK_URL = "https://desk.example/hook"


@pytest.fixture
def subscribe(store, workspace_id):
    """Add an endpoint that wants these types of events."""

    def add(*types: str) -> None:
        values = {
            "id": "ep_1",
            "workspace_id": workspace_id,
            "url": "https://endpoint.example",
            "events": list(types) or None,
            "secret": "whsec_x",
            "state": "enabled",
            "created_at": 1,
        }
        with store.begin() as tx:
            tx.execute(endpoint.insert().values(values))

    return add


def enqueued(store) -> list[tuple[str, str]]:
    """Return the type and the URL of each delivery, in the order of their events."""
    with store.read() as connection:
        rows = connection.execute(sa.select(delivery.c.type, delivery.c.url).order_by(delivery.c.event_id))
        return [(row.type, row.url) for row in rows]


def test_an_answer_goes_to_the_callback_url_and_to_the_endpoints_that_want_it(store, workspace_id, subscribe):
    subscribe("message.answered")
    sent = accept(store, workspace_id, callback_url=CALLBACK_URL)
    mailbox = Mailbox(store, holder="one")

    mailbox.finish(mailbox.claim(sent["conversation_id"]), answer("Yes."))

    assert sorted(enqueued(store)) == [
        ("message.answered", CALLBACK_URL),
        ("message.answered", "https://endpoint.example"),
    ]
    with store.read() as connection:
        payload = json.loads(connection.execute(sa.select(delivery.c.payload).limit(1)).scalar_one())
    body = payload.get("body", payload)
    told = json.loads(body) if isinstance(body, str) else body
    assert told["data"]["message"]["reply"]["content"] == "Yes."


def test_nothing_is_enqueued_that_nobody_wants(store, workspace_id, subscribe):
    subscribe("document.ready")
    sent = accept(store, workspace_id)
    mailbox = Mailbox(store, holder="one")

    mailbox.finish(mailbox.claim(sent["conversation_id"]), answer())

    assert enqueued(store) == []


def test_a_handoff_is_delivered_before_what_it_hands_off_next(store, workspace_id, subscribe):
    subscribe("message.handed_off", "conversation.handed_off")
    mailbox = Mailbox(store, holder="one", burst="each")
    first = accept(store, workspace_id, "one", external_id="x")
    accept(store, workspace_id, "two", external_id="x")

    handoff = Handoff(reason=HandoffReason.NO_ANSWER, summary="?")
    mailbox.finish(mailbox.claim(first["conversation_id"]), handoff)

    types = [type for type, _url in enqueued(store)]
    assert types == ["message.handed_off", "conversation.handed_off", "message.handed_off"]


def test_an_agents_reply_and_the_end_of_the_conversation_are_delivered(store, workspace_id, subscribe):
    subscribe("message.replied", "conversation.closed")
    actions = conversation_actions(store)
    sent = accept(store, workspace_id)

    actions.reply(workspace_id, sent["conversation_id"], content="Hello!", author="Ada")
    actions.close(workspace_id, sent["conversation_id"])
    actions.close(workspace_id, sent["conversation_id"])  # it is closed already

    assert [type for type, _url in enqueued(store)] == ["message.replied", "conversation.closed"]
