"""The last mails of a mailbox: each way by itself, newest first, with the conversation of each."""

import pytest
import sqlalchemy as sa

from tests.support.fakes import TableClock, conversation_actions
from tests.support.mails import mail
from worker.conversations import contacts
from worker.conversations.intake import Opening, Submission
from worker.mailboxes import listing
from worker.mailboxes.visitor_mail import VisitorMail
from worker.states import MailFolder
from worker.store.scope import Scope
from worker.store.tables import mail as mail_table


def test_the_last_mails_of_each_way_are_listed_with_their_conversations(store, intake, box):
    ids = [
        intake.spool.add(box, mail(id=f"{number}@shop.example", subject=f"Question {number}"), MailFolder.INBOX)
        for number in range(3)
    ]
    intake.drain(box.id)
    intake.spool.add(box, mail(id="4@shop.example"), MailFolder.INBOX)
    shared = {"workspace_id": box.workspace_id, "mailbox_id": box.id, "direction": "out", "folder": "", "attempts": 0}
    sent = {"state": "sent", "size": 0, "ticket": ids[2], "headers": {"recipients": ["ann@shop.example"]}}
    with store.begin() as tx:
        for number in range(3):
            tx.execute(mail_table.insert().values(id=f"whd_{number}", created_at=number, **shared, **sent))

    found = listing.recent(store, box, limit=2)

    assert [(row["direction"], row["state"]) for row in found] == [
        ("in", "received"),
        ("in", "taken"),
        ("out", "sent"),
        ("out", "sent"),
    ]
    waiting, taken, newest, older = found
    assert (taken["id"], taken["subject"], taken["addresses"]) == (ids[2], "Question 2", ["ann@shop.example"])
    assert (waiting["conversation_id"], waiting["addresses"]) == (None, [])
    assert (newest["id"], older["id"]) == ("whd_2", "whd_1")
    assert newest["conversation_id"] == taken["conversation_id"] is not None
    assert (newest["subject"], newest["addresses"]) == ("Question 2", ["ann@shop.example"])


def test_mail_is_listed_by_time_whatever_its_ids_are_and_however_a_database_sorts_them(store, box):
    shared = {"workspace_id": box.workspace_id, "mailbox_id": box.id, "attempts": 0, "size": 0}
    with store.begin() as tx:
        for number, id in enumerate(("z", "mail_1", "a", "MAIL_0")):
            came = {"direction": "in", "folder": "inbox", "state": "ignored", "created_at": number}
            tx.execute(mail_table.insert().values(id=id, **came, **shared))
    assert [row["id"] for row in listing.recent(store, box, limit=3)] == ["MAIL_0", "a", "mail_1"]


@pytest.mark.parametrize("external_id", [None, "theirs"])
def test_a_chat_that_goes_on_by_mail_shows_what_was_sent_alone_and_leads_to_the_chat(store, box, external_id):
    asked = Submission(content="Where is my parcel?", deadline_s=60)
    actions = conversation_actions(store)
    opening = Opening(channel="widget", external_id=external_id, subject="My parcel")
    chat = actions.submit(box.workspace_id, opening, asked)["conversation_id"]
    contacts.leave(Scope(store, box.workspace_id), chat, "ann@shop.example", origin=None)
    actions.reply(box.workspace_id, chat, content="It left today.", author="Grace")
    TableClock.advance(store, 61)
    assert VisitorMail(store, None).send_due() == 1
    with store.begin() as tx:
        ((ticket, direction),) = tx.execute(sa.select(mail_table.c.ticket, mail_table.c.direction)).all()
        assert (ticket, direction) == (chat, "in")
        sent = {"id": "whd_1", "direction": "out", "folder": "", "state": "sent", "ticket": chat, "size": 0}
        belongs = {"workspace_id": box.workspace_id, "mailbox_id": box.id, "attempts": 0, "created_at": 1}
        tx.execute(mail_table.insert().values(**sent, **belongs, headers={"recipients": ["ann@shop.example"]}))
    (only,) = listing.recent(store, box, limit=9)
    assert (only["id"], only["conversation_id"], only["subject"]) == ("whd_1", chat, "My parcel")


def test_the_newest_mail_of_each_way_is_found_by_its_index(store, box):
    with store.read() as connection:
        statement = listing._newest(box.id, "in", 9).compile(connection, compile_kwargs={"literal_binds": True})
        if store.engine.dialect.name == "sqlite":
            plan = " ".join(str(row) for row in connection.execute(sa.text(f"EXPLAIN QUERY PLAN {statement}")))
            assert "ix_mail_newest (mailbox_id=? AND direction=?)" in plan
