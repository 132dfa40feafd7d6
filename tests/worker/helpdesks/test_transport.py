"""Posts into tickets: faults of the helpdesk are tried again, bugs of this program end the delivery and are logged."""

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.support.fakes import LOOPBACK, TableClock, accept, conversation_actions
from tests.support.helpdesks import FAKES, SECRET, TOKEN, Refused
from worker.deliveries.outbox import enqueue_helpdesk_delivery
from worker.deliveries.payloads import TicketChange, TicketPost
from worker.deliveries.sender import CHANGE_RETRIES, SCHEDULE_S, Sender
from worker.helpdesks.connections import Connections
from worker.helpdesks.kinds import KINDS
from worker.helpdesks.protocol import HelpdeskRefused
from worker.helpdesks.transport import RoutingTransport
from worker.helpdesks.zendesk import Zendesk
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
    transport = RoutingTransport(store, LOOPBACK, None, mail=None, conversation_url=lambda _workspace_id: None)
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
    TableClock.advance(store, 30.0 if fake.kind == "chatwoot" else SCHEDULE_S[0] * 1.3)  # in which an echo comes
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


def send_all(store, desk):
    """Make the attempts that are due; return state and number of attempts of the deliveries of each kind."""
    transport = RoutingTransport(store, LOOPBACK, None, mail=None, conversation_url=lambda _workspace_id: None)
    while Sender(store).send(desk.id, transport) is not None:
        pass
    transport.close()
    with store.read() as connection:
        rows = connection.execute(sa.select(delivery).order_by(delivery.c.id)).mappings().all()
    return [(row["kind"], row["state"], row["attempts"]) for row in rows]


def error_of(store, kind):
    last = sa.select(attempt.c.error).join(delivery, delivery.c.id == attempt.c.delivery_id)
    with store.read() as connection:
        return connection.execute(last.where(delivery.c.kind == kind).order_by(attempt.c.id.desc())).scalars().first()


@pytest.mark.parametrize("fake", ["freshdesk", "zammad", "zendesk"], indirect=True)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_that_no_other_attempt_would_mend_ends_a_post_and_says_why(store, fake, desk, status):
    def refuse(*_call):
        raise Refused(status, {"error": "why"})

    fake.customer_writes(7, "Hello")
    fake.handle_call = refuse
    enqueue(store, desk)
    state, error = send(store, desk)
    assert state == "exhausted"
    assert f": {status} " in error
    assert "why" in error
    assert ("does not accept the token" in error) is (status in (401, 403))


@pytest.mark.parametrize("fake", sorted(FAKES), indirect=True)
def test_a_post_is_written_although_the_ticket_takes_no_changes_and_the_next_one_follows(
    store, workspace_id, fake, desk, monkeypatch
):
    class Unchangeable(KINDS[fake.kind]):
        def change(self, post):
            raise HelpdeskRefused("Out of order.", status=503)

    monkeypatch.setitem(KINDS, fake.kind, Unchangeable)
    conversation_id = accept(store, workspace_id)["conversation_id"]
    fake.customer_writes(7, "Hello")
    for number in (1, 2):
        post = TicketPost(ticket="7", text=f"Note {number}.", public=False, status="open")
        with store.begin() as tx:
            enqueue_helpdesk_delivery(
                tx,
                desk,
                DeliveryKind.TICKET_NOTE,
                post,
                type="message.answered",
                now=store.now(tx),
                event_id=number,
                conversation_id=conversation_id,
            )
    send_all(store, desk)
    assert len(fake.bots(7, public=False)) == 2
    for wait_s in SCHEDULE_S:
        TableClock.advance(store, wait_s * 1.3)
        sent = send_all(store, desk)
    states = {(kind, state, attempts) for kind, state, attempts in sent}
    assert ("ticket_note", "delivered", 1) in states
    assert states - {("ticket_note", "delivered", 1)} <= {
        ("ticket_change", "exhausted", CHANGE_RETRIES + 1),
        ("ticket_change", "exhausted", 2),  # a later change replaced it
    }
    assert len(fake.bots(7, public=False)) == 2, "a change that fails writes the post again"


def test_a_ticket_that_cannot_be_solved_gets_its_answer(store, desk, fake):
    """Zendesk refuses an update as a whole when a field is required to solve."""
    fake.customer_writes(7, "Hello")
    fake.required_to_solve = True
    enqueue(store, desk, status="closed", tags=("bot",))
    assert send_all(store, desk) == [("ticket_note", "delivered", 1), ("ticket_change", "exhausted", 1)]
    assert len(fake.bots(7, public=False)) == 1
    assert "is required to solve" in error_of(store, "ticket_change")


def test_a_late_change_does_not_undo_a_later_one_and_still_adds_its_tags(store, workspace_id, desk, fake, monkeypatch):
    conversation_id = accept(store, workspace_id)["conversation_id"]
    fake.customer_writes(7, "Hello")

    def change(**fields):
        with store.begin() as tx:
            enqueue_helpdesk_delivery(
                tx,
                desk,
                DeliveryKind.TICKET_CHANGE,
                TicketChange(ticket="7", **fields),
                type="message.answered",
                now=store.now(tx),
                conversation_id=conversation_id,
            )

    class Busy(Zendesk):
        def change(self, post):
            raise HelpdeskRefused("Busy.", status=503)

    change(status="pending", tags=("bot",))
    with monkeypatch.context() as patched:
        patched.setitem(KINDS, "zendesk", Busy)
        send_all(store, desk)
    TableClock.advance(store, 1)
    change(status="open")
    send_all(store, desk)
    TableClock.advance(store, SCHEDULE_S[0] * 1.3)
    send_all(store, desk)
    assert (fake.tickets[7].status, fake.tickets[7].tags) == ("open", ["bot"])


@pytest.mark.parametrize(
    ("type", "then", "status"),
    [
        ("message.answered", "nothing", "solved"),
        ("message.answered", "customer writes", "new"),
        ("message.answered", "absence notice", "solved"),
        ("message.answered", "human takes over", "new"),
        ("conversation.handed_off", "customer writes", "solved"),
        ("conversation.handed_off", "human takes over", "solved"),
    ],
)
def test_a_late_change_of_an_answer_closes_no_ticket_that_waits(
    store, workspace_id, desk, fake, monkeypatch, type, then, status
):
    class Busy(Zendesk):
        def change(self, post):
            raise HelpdeskRefused("Busy.", status=503)

    asked = accept(store, workspace_id, external_id="7")
    fake.customer_writes(7, "Hello")
    post = TicketPost(ticket="7", text="Yes.", public=True, status="closed", tags=("bot",))
    with store.begin() as tx:
        enqueue_helpdesk_delivery(
            tx,
            desk,
            DeliveryKind.TICKET_REPLY if type == "message.answered" else DeliveryKind.HANDOFF_NOTE,
            post,
            type=type,
            now=store.now(tx),
            conversation_id=asked["conversation_id"],
            message_id=asked["id"] if type == "message.answered" else None,
        )
    with monkeypatch.context() as patched:
        patched.setitem(KINDS, "zendesk", Busy)
        send_all(store, desk)
    if then == "customer writes":
        accept(store, workspace_id, "One more thing.", external_id="7")
    elif then == "absence notice":
        accept(store, workspace_id, "I am away.", external_id="7", declared_automatic=True)
    elif then == "human takes over":
        conversation_actions(store).take_over(workspace_id, asked["conversation_id"], summary="Mine.")
    TableClock.advance(store, SCHEDULE_S[0] * 1.3)
    send_all(store, desk)
    assert (fake.tickets[7].status, fake.tickets[7].tags) == (status, ["bot"])


def test_an_assignee_that_is_no_id_is_said_at_once(store, desk, fake):
    fake.customer_writes(7, "Hello")
    enqueue(store, desk, assignee="Bob")
    assert send_all(store, desk) == [("ticket_note", "delivered", 1), ("ticket_change", "exhausted", 1)]
    assert error_of(store, "ticket_change") == "assignee_id must be a number, not 'Bob'."


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
