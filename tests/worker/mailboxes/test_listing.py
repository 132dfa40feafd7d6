"""The last mails of a mailbox: each way by itself, newest first, with the conversation of each."""

from tests.support.mails import mail
from worker.mailboxes import listing
from worker.states import MailFolder
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

    found = listing.recent(store, box.id, limit=2)

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
