"""An installation with a receiver, an endpoint and deliveries that are due."""

import pytest

from tests.support.deliveries import DueSender, enqueue_again
from tests.support.fakes import LOOPBACK, accept, answer
from worker.deliveries.endpoints import Endpoints
from worker.turns.mailbox import Mailbox


@pytest.fixture
def desk(store) -> DueSender:
    return DueSender(store)


@pytest.fixture
def enqueued(store, workspace_id, receiver):
    """The id of a conversation with a delivery to a callback URL that is due."""
    sent = accept(store, workspace_id, callback_url=receiver.url)
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(sent["conversation_id"]), answer("Yes."))
    return sent["conversation_id"]


@pytest.fixture
def endpoints(store) -> Endpoints:
    return Endpoints(store, LOOPBACK)


@pytest.fixture
def subscribed(store, workspace_id, endpoints, receiver):
    """An endpoint, the id of a conversation, and the ids of the three deliveries of it to the endpoint."""
    made = endpoints.make(workspace_id, {"url": receiver.url, "events": ["conversation.resumed"]})
    conversation_id = accept(store, workspace_id)["conversation_id"]
    return made, conversation_id, enqueue_again(store, conversation_id, 3)
