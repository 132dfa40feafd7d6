"""What manages mailboxes keeps to its workspace, and to the servers that may be reached."""

import pytest

from tests.support.mails import DESK
from worker.access.keys import Keys
from worker.addresses import AddressRefused, Guard
from worker.errors import NotFound
from worker.helpdesks.mail import MailRefused
from worker.mailboxes.mailboxes import Mailboxes


def test_a_mailbox_is_found_by_name_address_or_id_in_its_workspace_alone(store, mailboxes, box):
    for name in ("support", DESK.upper(), box.id):
        assert mailboxes.named(box.workspace_id, name).id == box.id
    other = Keys(store).workspace("other")
    for act in (mailboxes.show, mailboxes.get, mailboxes.remove, mailboxes.named, mailboxes.suppressions):
        with pytest.raises(NotFound):
            act(other, box.id)
    assert mailboxes.all(other) == []


def test_mail_leaves_by_its_own_server_else_by_the_operators(store, mailboxes, box):
    assert mailboxes.smtp(box).url == "smtp://127.0.0.1:1"
    mailboxes.change(box.workspace_id, box.id, {"smtp_url": "smtp://127.0.0.1:2"})
    own = mailboxes.get(box.workspace_id, box.id)
    assert (mailboxes.smtp(own).url, mailboxes.smtp(own).sender) == ("smtp://127.0.0.1:2", DESK)
    with pytest.raises(MailRefused, match="No mail server"):
        Mailboxes(store, Guard(), mail=None).smtp(box)


def test_a_server_in_a_private_network_is_not_reached(store, mailboxes, box):
    mailboxes.change(box.workspace_id, box.id, {"smtp_url": "smtp://127.0.0.1:2"})
    with pytest.raises(AddressRefused):
        Mailboxes(store, Guard(), mail=None).smtp(mailboxes.get(box.workspace_id, box.id))


def test_the_check_names_each_server_that_does_not_answer(mailboxes, box):
    found = dict(mailboxes.check(box))
    assert found["imap login"]
    assert found["smtp"]
