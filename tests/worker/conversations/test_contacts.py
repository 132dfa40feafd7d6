"""A visitor leaves an address only where mail can go there, and it proves nothing."""

import pytest

from tests.support.fakes import LOOPBACK, conversation_actions
from worker.conversations import contacts
from worker.conversations.intake import Opening
from worker.errors import Invalid, NotFound
from worker.helpdesks.mail import MailServer
from worker.mailboxes.mailboxes import Mailboxes
from worker.store.scope import Scope

ANN = "ann@shop.example"


@pytest.fixture
def opened(store, workspace_id):
    """Open a conversation and return its id."""
    return lambda **opening: conversation_actions(store).open(workspace_id, Opening(channel="widget", **opening))["id"]


def show(store, workspace_id, conversation_id, *, has_server=False):
    return contacts.show(Scope(store, workspace_id), conversation_id, has_server=has_server)


def test_an_address_is_asked_for_where_mail_can_be_sent(store, workspace_id, opened):
    id = opened()
    assert not show(store, workspace_id, id)["can_mail"]
    assert show(store, workspace_id, id, has_server=True)["can_mail"]
    mailboxes = Mailboxes(store, LOOPBACK, mail=MailServer(url="smtp://127.0.0.1:1", sender="bot@desk.example"))
    made = mailboxes.make(workspace_id, {"name": "m", "address": "a@desk.example", "mode": "reply"})
    assert show(store, workspace_id, id)["can_mail"]
    mailboxes.change(workspace_id, made["id"], {"mode": "shadow"})
    assert not show(store, workspace_id, id)["can_mail"]


def test_an_address_is_kept_beside_who_the_customer_is_known_as(store, workspace_id, opened):
    id = opened(requester={"id": "4711", "email": ANN})
    scope = Scope(store, workspace_id)
    contacts.leave(scope, id, ANN, origin=None)
    contacts.leave(scope, id, "ann@home.example", origin=None)
    requester = scope.get(contacts.conversation, id)["requester"]
    assert requester == {"id": "4711", "email": ANN, "unverified_email": "ann@home.example"}
    assert show(store, workspace_id, id)["email"] == "ann@home.example"


def test_a_ticket_takes_no_address(store, workspace_id, opened):
    id = opened(helpdesk_id="hd_1", external_id="hd_1:7")
    with pytest.raises(Invalid):
        contacts.leave(Scope(store, workspace_id), id, ANN, origin=None)
    assert not show(store, workspace_id, id, has_server=True)["can_mail"]


def test_another_workspace_has_none_of_it(store, workspace_id, opened):
    other = Scope(store, "ws_other")
    with pytest.raises(NotFound):
        contacts.leave(other, opened(), ANN, origin=None)
    with pytest.raises(NotFound):
        contacts.show(other, opened(), has_server=True)
