"""Each mail is taken once, also when a process ends in the middle, and nothing that fails is lost."""

import os
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from tests.support.fakes import TableClock
from tests.support.mails import mail
from worker.conversations.sessions import SessionsUnavailable
from worker.errors import DatabaseUnavailable, Invalid
from worker.mailboxes.inbound import MailIntake
from worker.mailboxes.sorting import Sorter
from worker.secret_box import SecretBox
from worker.states import MailFolder
from worker.store.sealing import Sealing
from worker.store.tables import conversation, message
from worker.store.tables import mail as mail_table


def states(store):
    with store.read() as connection:
        return sorted(connection.execute(sa.select(mail_table.c.state)).scalars())


def contents(store):
    with store.read() as connection:
        return list(connection.execute(sa.select(message.c.content).order_by(message.c.id)).scalars())


def test_a_process_that_ends_before_the_commit_leaves_the_mail_to_the_next(store, intake, box, monkeypatch):
    intake.spool.add(box, mail(), MailFolder.POSTED)
    with monkeypatch.context() as patch:

        def ends(*_args):
            raise KeyboardInterrupt

        patch.setattr(MailIntake, "_end", ends)
        with pytest.raises(KeyboardInterrupt):
            intake.drain(box.id)
    assert contents(store) == []
    intake.drain(box.id)
    assert (len(contents(store)), states(store)) == (1, ["taken"])


def test_the_same_mail_from_two_ways_is_one_message(store, intake, box):
    for folder in (MailFolder.INBOX, MailFolder.POSTED, MailFolder.INBOX):
        intake.spool.add(box, b"Received: x\r\n" + mail(), folder)
    intake.drain(box.id)
    assert (len(contents(store)), states(store)) == (1, ["ignored", "ignored", "taken"])


def test_a_mail_that_meets_a_bug_holds_up_no_other_and_is_tried_again(store, intake, box, monkeypatch):
    real = MailIntake._customer

    def buggy(self, target, waiting, read, decision):
        if read.subject == "Bad":
            raise ValueError("a bug")
        real(self, target, waiting, read, decision)

    with monkeypatch.context() as patch:
        patch.setattr(MailIntake, "_customer", buggy)
        intake.spool.add(box, mail("Bad?", subject="Bad", id="1@x"), MailFolder.POSTED)
        intake.spool.add(box, mail("Good?", subject="Good", id="2@x"), MailFolder.POSTED)
        intake.drain(box.id)
        assert (contents(store), states(store)) == (["Good?"], ["received", "taken"])
    TableClock.advance(store, 10)
    intake.drain(box.id)
    assert sorted(contents(store)) == ["Bad?", "Good?"]


def test_a_worker_with_another_key_leaves_mail_to_one_that_has_the_key_and_says_so(store, intake, mailboxes, box):
    intake.spool.add(box, mail(), MailFolder.POSTED)
    ours = store.sealing
    store.sealing = Sealing(SecretBox((Fernet.generate_key().decode(),), Path(os.devnull)))
    for _ in range(6):
        TableClock.advance(store, 4_000)
        intake.drain(box.id)
    with store.read() as connection:
        waiting = connection.execute(sa.select(mail_table)).one()
    assert (waiting.state, waiting.attempts) == ("received", 0)
    assert "ANSWERBACK_SECRET_KEYS" in mailboxes.show(box.workspace_id, box.id)["error"]
    store.sealing = ours
    intake.drain(box.id)
    assert (states(store), mailboxes.show(box.workspace_id, box.id)["error"]) == (["taken"], None)


@pytest.mark.parametrize("folder", [MailFolder.INBOX, MailFolder.SENT])
@pytest.mark.parametrize(
    "raw",
    [
        b"From: " + b"(" * 3_000 + b"\r\n\r\nHi",
        b"From: ann@shop.example\r\nMessage-ID: =?utf-7?q?<+2AA-@c>?=\r\n\r\nHi",
        b"From: ann@shop.example\r\nMessage-ID: <a\x00b@c>\r\nReferences: <\x00@c>\r\nSubject: a\x00b\r\n\r\nH\x00i",
        b"From: =?utf-7?q?+2AA-?= <ann@shop.example>\r\nTo: =?utf-7?q?+2AA-?= <b@c.example>\r\n\r\nHi",
        b"From: a@b.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <\x00@x>\r\n\r\n--x--\r\n",
        b'From: ann@shop.example\r\nContent-Type: image/\x00png; name="\x00.png"\r\n\r\nx',
    ],
    ids=["brackets", "surrogate", "nul", "names", "report", "file"],
)
def test_no_mail_that_a_stranger_can_write_stops_those_behind_it(store, intake, box, raw, folder):
    intake.spool.add(box, raw, folder)
    intake.spool.add(box, mail("Behind?"), MailFolder.POSTED)
    intake.drain(box.id)
    assert "Behind?" in contents(store)
    assert set(states(store)) <= {"taken", "ignored"}


@pytest.mark.parametrize(
    "error",
    [
        Invalid("An attachment cannot be used here."),
        SessionsUnavailable(),
        IntegrityError("INSERT", {}, Exception("of another table")),
        RecursionError(),
        ValueError("it quotes \ud800 and \0"),
    ],
)
@pytest.mark.parametrize("where", [(Sorter, "decide"), (MailIntake, "_customer")])
def test_a_mail_that_fails_always_is_given_up_where_it_is_seen(
    store, intake, mailboxes, box, monkeypatch, error, where
):
    def fails(*_args):
        raise error

    intake.spool.add(box, mail(), MailFolder.POSTED)
    with monkeypatch.context() as patch:
        patch.setattr(*where, fails)
        with capture_logs() as logged:
            for _ in range(5):
                intake.drain(box.id)
                TableClock.advance(store, 4_000)
    assert logged[-1]["event"] == "mail_given_up"
    assert mailboxes.show(box.workspace_id, box.id)["mail"]["failed"] == 1
    intake.spool.add(box, mail("Behind?", id="2@x"), MailFolder.POSTED)
    intake.drain(box.id)
    assert contents(store) == ["Behind?"]


def test_mail_stays_as_it_is_while_the_database_is_away(store, intake, box, monkeypatch):
    def fails(*_args):
        raise DatabaseUnavailable

    intake.spool.add(box, mail(), MailFolder.POSTED)
    with monkeypatch.context() as patch:
        patch.setattr(Sorter, "decide", fails)
        with pytest.raises(DatabaseUnavailable):
            intake.drain(box.id)
    with store.read() as connection:
        assert connection.execute(sa.select(mail_table.c.attempts)).scalar_one() == 0
    intake.drain(box.id)
    assert states(store) == ["taken"]


def test_a_hundred_mails_at_once_are_each_taken_once(store, intake, box):
    for number in range(100):
        intake.spool.add(box, mail(f"Question {number}?", id=f"{number}@x"), MailFolder.POSTED)
    intake.drain(box.id)
    assert set(states(store)) == {"taken"}
    assert len(set(contents(store))) == len(states(store))


def test_what_was_taken_keeps_no_raw_mail(store, intake, box):
    intake.spool.add(box, mail(), MailFolder.POSTED)
    intake.drain(box.id)
    with store.read() as connection:
        row = connection.execute(sa.select(mail_table)).mappings().one()
    assert (row["raw"], row["sender"], row["message_id"]) == (None, "ann@shop.example", "1@shop.example")


def test_an_address_that_nothing_proves_is_no_key_to_memories_or_tools(store, intake, box):
    intake.spool.add(box, mail(believed=False), MailFolder.POSTED)
    intake.drain(box.id)
    with store.read() as connection:
        requester = connection.execute(sa.select(conversation.c.requester)).scalar_one()
    assert requester == {"name": "Ann", "unverified_email": "ann@shop.example"}
