"""What manages mailboxes keeps to its workspace, and to the servers that may be reached."""

import os
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.support.mails import DESK
from worker.access.keys import Keys
from worker.addresses import Guard
from worker.errors import Invalid, NotFound
from worker.helpdesks.mail import MailRefused, MailServer
from worker.mailboxes.mailboxes import Mailboxes
from worker.secret_box import SecretBox
from worker.store.sealing import Sealing


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


def test_nobody_sends_from_a_domain_of_others_by_the_operators_server(store, mailboxes, box):
    foreign = {"name": "ceo", "address": "ceo@bank.example", "imap_url": "imaps://me:secret@imap.example"}
    for mode in ("reply", "draft"):
        with pytest.raises(Invalid, match=r"bank\.example.*ANSWERBACK_MAIL_DOMAINS"):
            mailboxes.make(box.workspace_id, {**foreign, "mode": mode})
    with pytest.raises(Invalid, match="ANSWERBACK_MAIL_DOMAINS"):
        mailboxes.change(box.workspace_id, box.id, {"address": "ceo@bank.example"})
    own = mailboxes.make(box.workspace_id, {**foreign, "smtp_url": "smtps://me:secret@smtp.example"})
    with pytest.raises(Invalid, match="ANSWERBACK_MAIL_DOMAINS"):
        mailboxes.change(box.workspace_id, own["id"], {"smtp_url": None})
    moved = MailServer(url="smtp://127.0.0.1:1", sender="bot@moved.example")
    with pytest.raises(MailRefused, match="ANSWERBACK_MAIL_DOMAINS"):
        Mailboxes(store, Guard(), mail=moved).smtp(box)
    named = MailServer(url="smtp://127.0.0.1:1", sender="bot@moved.example", domains=("desk.example",))
    assert Mailboxes(store, Guard(), mail=named).smtp(box).sender == DESK


def test_a_server_in_a_private_network_is_not_reached(store, mailboxes, box):
    mailboxes.change(box.workspace_id, box.id, {"smtp_url": "smtp://127.0.0.1:2"})
    careful = Mailboxes(store, Guard(), mail=None)
    with pytest.raises(MailRefused, match="private"), careful.smtp(mailboxes.get(box.workspace_id, box.id)).connected():
        pass
    assert "private" in dict(careful.check(mailboxes.get(box.workspace_id, box.id)))["smtp"]


def test_the_check_names_each_server_that_does_not_answer(mailboxes, box):
    found = dict(mailboxes.check(box))
    assert found["imap login"]
    assert found["smtp"]


def test_without_the_key_of_its_password_a_mailbox_is_listed_and_says_what_is_missing(store, mailboxes, box):
    mailboxes.change(box.workspace_id, box.id, {"smtp_url": "smtp://me:secret@127.0.0.1:2"})
    store.sealing = Sealing(SecretBox((Fernet.generate_key().decode(),), Path(os.devnull)))
    assert [found["imap_url"] for found in mailboxes.all(box.workspace_id)] == ["imaps://me@127.0.0.1:1"]
    found = dict(mailboxes.check(mailboxes.get(box.workspace_id, box.id)))
    assert "ANSWERBACK_SECRET_KEYS" in found["imap login"]
    assert "ANSWERBACK_SECRET_KEYS" in found["smtp"]
