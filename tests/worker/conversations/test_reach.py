"""An agent is told before they write that nothing carries a reply to the customer."""

import pytest

from tests.support.fakes import LOOPBACK
from worker.conversations import reach
from worker.conversations.intake import Intake, Opening
from worker.deliveries.endpoints import Endpoints
from worker.store.scope import Scope


@pytest.fixture
def obstacle(store, workspace_id):
    """Return what keeps a reply from the customer of a new conversation."""

    def do(channel):
        opened = Intake(store).open(workspace_id, Opening(channel=channel))
        return reach.obstacle(Scope(store, workspace_id), opened["id"])

    return do


@pytest.mark.parametrize("channel", [None, "widget", "chat", "api"])
def test_customers_who_read_the_conversation_are_reached(obstacle, channel):
    assert obstacle(channel) is None


def test_a_customer_who_came_by_mail_is_not_reached_until_something_carries_replies(store, workspace_id, obstacle):
    assert "channel “email”" in obstacle("email")
    endpoints = Endpoints(store, LOOPBACK)
    endpoints.make(workspace_id, {"url": "http://127.0.0.1:9/x", "events": ["message.answered"]})
    assert obstacle("email") is not None, "this endpoint hears of no replies"
    endpoints.make(workspace_id, {"url": "http://127.0.0.1:9/y", "events": ["message.replied"]})
    assert obstacle("email") is None
