"""Each event of a helpdesk has an effect once."""

import pytest
import sqlalchemy as sa

from tests.support.fakes import LOOPBACK, TableClock
from worker.helpdesks.connections import Connections
from worker.helpdesks.protocol import TicketEvent, digest
from worker.helpdesks.ticket_log import TicketLog
from worker.states import TicketAspect, TicketEventKind
from worker.store.tables import helpdesk_message, inbound_webhook, ticket_state

DAY_S = 86_400


@pytest.fixture
def desk(store, workspace_id):
    new = {"kind": "zendesk", "name": "desk", "url": "https://127.0.0.1", "token": "t", "mode": "reply"}
    connections = Connections(store, LOOPBACK, mail=None)
    made = connections.make(workspace_id, {**new, "options": {"bot_id": "1", "email": "bot@desk.example"}})
    return connections.named(workspace_id, made["id"])


@pytest.fixture
def log(store):
    return TicketLog(store)


def count(store, table):
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_webhook_is_known_after_it_was_received_however_long_its_id_is(store, log, desk):
    webhook_id = "w" * 300
    assert not log.has_webhook(desk, webhook_id)
    log.add_webhook(desk, webhook_id)
    log.add_webhook(desk, webhook_id)  # its twin was quicker
    assert log.has_webhook(desk, webhook_id)
    assert count(store, inbound_webhook) == 1


def test_a_webhook_is_forgotten_after_a_month(store, log, desk):
    log.add_webhook(desk, "old")
    TableClock.advance(store, 20 * DAY_S)
    log.add_webhook(desk, "new")
    TableClock.advance(store, 11 * DAY_S)
    log.clean_up(limit=10)
    assert (log.has_webhook(desk, "old"), log.has_webhook(desk, "new")) == (False, True)


def test_a_state_of_a_ticket_changes_once(store, log, desk):
    assert log.state_changed(desk, "7", TicketAspect.ASSIGNED, "700")
    log.set_state(desk, "7", TicketAspect.ASSIGNED, "700")
    assert not log.state_changed(desk, "7", TicketAspect.ASSIGNED, "700")
    assert log.state_changed(desk, "7", TicketAspect.CLOSED, "700")
    assert log.state_changed(desk, "8", TicketAspect.ASSIGNED, "700")
    log.set_state(desk, "7", TicketAspect.ASSIGNED, "")
    assert log.state_changed(desk, "7", TicketAspect.ASSIGNED, "700")
    assert count(store, ticket_state) == 1


def test_a_post_of_the_bot_that_comes_back_is_an_echo_once(store, workspace_id, log, desk):
    with store.begin() as tx:
        tx.execute(
            helpdesk_message.insert().values(
                id="whd_1",
                workspace_id=workspace_id,
                helpdesk_id=desk.id,
                ticket="7",
                direction="out",
                digest=digest("Use the link."),
                created_at=1,
            )
        )
    event = TicketEvent(kind=TicketEventKind.AGENT, ticket="7", message_id="1001", text="<p>Use the link.</p>")
    assert log.is_echo(desk, event)
    assert log.has_message(desk, "1001")
    again = TicketEvent(kind=TicketEventKind.AGENT, ticket="7", message_id="1002", text="Use the link.")
    assert not log.is_echo(desk, again), "an agent wrote the same"


def test_a_message_of_a_customer_is_recorded_without_a_digest(store, log, desk):
    """Nothing compares it, and making one takes time in the transaction."""
    with store.begin() as tx:
        log.add_message(tx, desk, TicketEvent(kind=TicketEventKind.CUSTOMER, ticket="7", message_id="1", text="Hello"))
    assert log.has_message(desk, "1")
    with store.read() as connection:
        assert connection.execute(sa.select(helpdesk_message.c.digest)).scalar_one() == ""
