"""What a helpdesk reports has its effect at once, and one effect for one change."""

import dataclasses

import pytest
import sqlalchemy as sa

from tests.support.fakes import LOOPBACK, conversation_actions
from worker.helpdesks.connections import Connections
from worker.helpdesks.inbound import Inbound
from worker.helpdesks.protocol import TicketEvent
from worker.states import Owner, TicketEventKind
from worker.store.tables import conversation, message


@pytest.fixture
def desk(store, workspace_id):
    """A helpdesk whose webhooks say only that a ticket has changed."""
    connections = Connections(store, LOOPBACK, mail=None)
    made = connections.make(
        workspace_id,
        {
            "kind": "freshdesk",
            "name": "desk",
            "url": "https://127.0.0.1",
            "token": "t",
            "mode": "draft",
            "options": {"bot_id": "1"},
        },
    )
    return connections.named(workspace_id, made["id"])


def test_a_changed_ticket_is_hinted_at_so_that_its_read_waits_for_no_sweeper(store, desk):
    hinted = []
    inbound = Inbound(store, conversation_actions(store), deadline_s=60, hint=hinted.append)

    inbound.apply(desk, [TicketEvent(kind=TicketEventKind.CHANGED, ticket="7")])
    assert hinted == [desk.id]

    inbound.apply(desk, [TicketEvent(kind=TicketEventKind.CHANGED, ticket="7")])
    assert hinted == [desk.id], "the read that waits will see this change too"


def owner_of(store):
    with store.read() as connection:
        return connection.execute(sa.select(conversation.c.owner)).scalar_one()


def test_a_resume_tag_that_stays_does_not_resume_again_with_another_tag(store, workspace_id, desk):
    """Some helpdesks report all tags of a ticket when one is added."""
    inbound = Inbound(store, conversation_actions(store), deadline_s=60, hint=lambda _id: None)
    desk = Connections(store, LOOPBACK, mail=None).named(workspace_id, desk.id)
    desk = dataclasses.replace(desk, resume_tag="bot")

    def agent(id):
        return TicketEvent(kind=TicketEventKind.AGENT, ticket="7", message_id=id, text=f"Hello {id}.")

    def tagged(*tags):
        return TicketEvent(kind=TicketEventKind.TAGGED, ticket="7", tags=tags, is_state=True)

    inbound.apply(desk, [TicketEvent(kind=TicketEventKind.CUSTOMER, ticket="7", message_id="1", text="Hi"), agent("2")])
    inbound.apply(desk, [tagged("bot")])
    assert owner_of(store) == Owner.BOT
    inbound.apply(desk, [agent("3"), tagged("bot", "vip")])
    assert owner_of(store) == Owner.HUMAN
    inbound.apply(desk, [tagged("vip"), tagged("vip", "bot")])
    assert owner_of(store) == Owner.BOT, "the tag was taken away and added again"


def test_a_resume_tag_resumes_each_time_it_is_added(store, desk):
    """Intercom and Chatwoot report only the tags that were added, and not when one is taken away."""
    inbound = Inbound(store, conversation_actions(store), deadline_s=60, hint=lambda _id: None)
    desk = dataclasses.replace(desk, resume_tag="bot")

    def agent(id):
        return TicketEvent(kind=TicketEventKind.AGENT, ticket="7", message_id=id, text=f"Hello {id}.")

    def added(*tags):
        return TicketEvent(kind=TicketEventKind.TAGGED, ticket="7", tags=tags)

    inbound.apply(desk, [TicketEvent(kind=TicketEventKind.CUSTOMER, ticket="7", message_id="1", text="Hi"), agent("2")])
    for id in ("3", "4"):
        inbound.apply(desk, [added("bot", "vip")])
        assert owner_of(store) == Owner.BOT
        inbound.apply(desk, [agent(id), added("vip")])
        assert owner_of(store) == Owner.HUMAN
    inbound.apply(dataclasses.replace(desk, resume_tag=None), [added("bot")])
    assert owner_of(store) == Owner.HUMAN


def test_a_ticket_that_is_gone_is_not_answered_although_the_bot_works_on_it(store, desk):
    inbound = Inbound(store, conversation_actions(store), deadline_s=60, hint=lambda _id: None)
    inbound.apply(desk, [TicketEvent(kind=TicketEventKind.CUSTOMER, ticket="7", message_id="1", text="Buy pills")])
    inbound.apply(desk, [TicketEvent(kind=TicketEventKind.GONE, ticket="7")])
    assert owner_of(store) == Owner.CLOSED
    with store.read() as connection:
        assert connection.execute(sa.select(message.c.state)).scalar_one() == "cancelled"
