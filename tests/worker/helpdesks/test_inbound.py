"""What a helpdesk reports has its effect at once, and one effect for one change."""

import pytest

from tests.support.fakes import LOOPBACK, conversation_actions
from worker.helpdesks.connections import Connections
from worker.helpdesks.inbound import Inbound
from worker.helpdesks.protocol import TicketEvent
from worker.states import TicketEventKind


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
