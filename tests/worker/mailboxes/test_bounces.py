"""A bounce is believed for whom the mail went to, and an address can be allowed again."""

import sqlalchemy as sa

from worker.mailboxes.bounces import Bounces, suppress, suppressed
from worker.mailboxes.reports import Failure, Report
from worker.store.tables import mail


def sent(store, box):
    with store.begin() as tx:
        tx.execute(
            mail.insert().values(
                id="whd_1",
                workspace_id=box.workspace_id,
                mailbox_id=box.id,
                direction="out",
                folder="",
                state="sent",
                size=0,
                message_id="whd_1@desk.example",
                headers={"recipients": ["ann@shop.example"]},
                attempts=0,
                created_at=1,
            )
        )


def report(address="ann@shop.example", status="5.1.1", message_id="whd_1@desk.example"):
    failure = Failure(address=address, status=status, why="550 no", action="failed")
    return Report(message_id=message_id, failures=(failure,))


def state(store):
    with store.read() as connection:
        return connection.execute(sa.select(mail.c.state)).scalar_one()


def test_a_bounce_marks_the_mail_even_if_its_delivery_is_gone(store, intake, box):
    sent(store, box)
    assert "5.1.1" in Bounces(store, intake.threads).record(box, report())
    assert state(store) == "bounced"
    with store.read() as connection:
        assert suppressed(connection, box, "ann@shop.example") == "ann@shop.example: 5.1.1 550 no"


def test_a_report_on_somebody_else_changes_nothing(store, intake, box):
    sent(store, box)
    Bounces(store, intake.threads).record(box, report(address="bob@shop.example"))
    Bounces(store, intake.threads).record(box, report(message_id="unknown@desk.example"))
    assert state(store) == "sent"
    with store.read() as connection:
        assert suppressed(connection, box, "bob@shop.example") is None


def test_an_address_may_bounce_twice(store, box):
    for reason in ("first", "second"):
        with store.begin() as tx:
            suppress(store, tx, box, "ann@shop.example", reason)
    with store.read() as connection:
        assert suppressed(connection, box, "ann@shop.example") == "first"
