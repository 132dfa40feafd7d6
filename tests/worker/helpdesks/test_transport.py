"""Posts into tickets: faults of the helpdesk are tried again, bugs of this program end the delivery and are logged."""

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.support.fakes import LOOPBACK, TableClock, accept
from tests.support.helpdesks import FAKES, SECRET, TOKEN
from worker.deliveries.outbox import enqueue_helpdesk_delivery
from worker.deliveries.payloads import TicketPost
from worker.deliveries.sender import SCHEDULE_S, Sender
from worker.helpdesks.connections import Connections
from worker.helpdesks.kinds import KINDS
from worker.helpdesks.transport import RoutingTransport
from worker.states import DeliveryKind
from worker.store.tables import attempt, delivery


@pytest.fixture(params=["zendesk"])
def fake(request):
    server = FAKES[request.param]()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def desk(store, workspace_id, fake):
    connections = Connections(store, LOOPBACK, mail=None)
    new = {"name": "desk", "kind": fake.kind, "url": fake.url, "token": TOKEN, "webhook_secret": SECRET}
    made = connections.make(workspace_id, {**new, "options": fake.options(), "mode": "reply"})
    return connections.named(workspace_id, made["id"])


def enqueue(store, desk, **fields):
    post = TicketPost(ticket="7", text="Suggested.", public=False, **fields)
    with store.begin() as tx:
        enqueue_helpdesk_delivery(tx, desk, DeliveryKind.TICKET_NOTE, post, type="message.answered", now=store.now(tx))


def send(store, desk):
    """Make the attempt that is due; return the delivery's state and the attempt's error."""
    transport = RoutingTransport(store, LOOPBACK, None, mail=None, conversation_url=None)
    Sender(store).send(desk.id, transport)
    transport.close()
    with store.read() as connection:
        state = connection.execute(sa.select(delivery.c.state)).scalar_one()
        errors = connection.execute(sa.select(attempt.c.error).order_by(attempt.c.number)).scalars().all()
    return state, errors[-1]


@pytest.mark.parametrize("answer", [{}, [], {"ok": True, "audit": {"events": []}}, {"ticket": {"status": "open"}}, "x"])
@pytest.mark.parametrize("fake", sorted(FAKES), indirect=True)
def test_an_answer_that_cannot_be_read_is_the_helpdesks_fault_and_tried_again(store, fake, desk, answer):
    fake.customer_writes(7, "Hello")
    real, fake.handle_call = fake.handle_call, lambda *_call: answer
    enqueue(store, desk)
    with capture_logs() as logged:
        state, error = send(store, desk)
    assert state == "pending"
    assert "answer" in error
    assert [entry for entry in logged if entry["event"] == "delivery_crashed"] == []

    fake.handle_call = real
    TableClock.advance(store, SCHEDULE_S[0] * 1.3)
    assert send(store, desk) == ("delivered", None)
    (note,) = fake.bots(7, public=False)
    assert "Suggested." in note


@pytest.mark.parametrize("error", [KeyError, TypeError, ValueError, IndexError])
def test_a_bug_of_a_connector_is_logged_and_not_retried_for_three_days(store, desk, fake, monkeypatch, error):
    class Broken:
        def __init__(self, account, caller):
            pass

        def post(self, post):
            raise error("misspelt")

    monkeypatch.setitem(KINDS, "zendesk", Broken)
    enqueue(store, desk)
    with capture_logs() as logged:
        state, shown = send(store, desk)
    assert (state, shown.split(":")[0]) == ("exhausted", "Internal error, see the worker's log")
    (crash,) = [entry for entry in logged if entry["event"] == "delivery_crashed"]
    assert (crash["log_level"], crash["exc_info"], crash["kind"]) == ("error", True, "ticket_note")
    assert fake.calls == []


def test_a_payload_of_another_form_is_a_bug_too(store, desk, fake):
    enqueue(store, desk)
    with store.begin() as tx:
        tx.execute(delivery.update().values(payload='{"tikcet":"7"}'))
    with capture_logs() as logged:
        state, _error = send(store, desk)
    assert state == "exhausted"
    assert "delivery_crashed" in [entry["event"] for entry in logged]


def test_an_assignee_that_is_no_id_is_said_at_once(store, desk, fake):
    fake.customer_writes(7, "Hello")
    enqueue(store, desk, assignee="Bob")
    assert send(store, desk) == ("exhausted", "assignee_id must be a number, not 'Bob'.")


def test_what_was_due_at_a_helpdesk_that_was_removed_ends(store, workspace_id, desk, fake):
    enqueue(store, desk)
    Connections(store, LOOPBACK, mail=None).remove(workspace_id, desk.id)
    with store.begin() as tx:  # enqueued at the same time
        tx.execute(delivery.update().values(state="pending", due_at=1))
    assert send(store, desk) == ("exhausted", "The helpdesk was removed.")


def test_a_post_of_a_conversation_but_of_no_event_is_tried_again(store, workspace_id, desk, fake):
    conversation_id = accept(store, workspace_id)["conversation_id"]
    fake.handle_call = lambda *_call: "x"
    with store.begin() as tx:
        enqueue_helpdesk_delivery(
            tx,
            desk,
            DeliveryKind.AGENT_REPLY,
            TicketPost(ticket="7", text="Hello.", public=True),
            type="message.replied",
            now=store.now(tx),
            conversation_id=conversation_id,
        )
    state, _error = send(store, desk)
    assert state == "pending"
