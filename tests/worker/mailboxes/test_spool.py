"""Mail that came is never lost, is taken oldest first, and what cannot be taken is left for a human to see."""

import sqlalchemy as sa

from tests.support.fakes import TableClock
from worker.mailboxes.spool import Spool
from worker.states import MailFolder
from worker.store.tables import helpdesk, mail


def test_mail_is_given_out_oldest_first_to_one_taker(store, box):
    spool = Spool(store)
    assert spool.due(limit=9) == []
    first = spool.add(box, b"1", MailFolder.POSTED)
    TableClock.advance(store, 1)
    spool.add(box, b"2", MailFolder.INBOX)
    assert spool.due(limit=9) == [box.id]
    lease = spool.lease(box.id)
    assert lease is not None
    assert spool.lease(box.id) is None
    assert spool.due(limit=9) == [], "a mailbox whose mail is being taken is not due"
    waiting = spool.next(lease)
    assert waiting is not None
    assert (waiting.id, waiting.raw) == (first, b"1")
    spool.release(lease)
    assert spool.due(limit=9) == [box.id]


def test_a_taker_that_stalls_loses_the_mailbox_to_another(store, box):
    spool = Spool(store)
    spool.add(box, b"1", MailFolder.POSTED)
    stalled = spool.lease(box.id)
    TableClock.advance(store, 300)
    assert spool.lease(box.id) is not None
    assert stalled is not None
    assert spool.next(stalled) is None
    spool.release(stalled)
    assert spool.due(limit=9) == [], "it gave back what another has"


def test_a_mail_that_fails_is_tried_again_later_and_then_kept_as_it_came(store, box):
    spool = Spool(store)
    spool.add(box, b"1", MailFolder.POSTED)
    tries = 0
    while spool.due(limit=1):
        lease = spool.lease(box.id)
        assert lease is not None
        waiting = spool.next(lease)
        assert waiting is not None
        spool.postpone(waiting, "ValueError: no")
        spool.release(lease)
        assert spool.due(limit=1) == []
        TableClock.advance(store, 4_000)
        tries += 1
    with store.read() as connection:
        row = connection.execute(sa.select(mail.c.state, mail.c.raw, mail.c.reason)).one()
    assert (tries, row.state, bytes(row.raw), row.reason) == (5, "failed", b"1", "ValueError: no")
    assert spool.clean_up() == 0
    TableClock.advance(store, 31 * 86_400)
    assert (spool.clean_up(), spool.clean_up()) == (1, 0)


def test_the_mail_of_a_mailbox_that_is_switched_off_waits(store, box):
    spool = Spool(store)
    spool.add(box, b"1", MailFolder.POSTED)
    with store.begin() as tx:
        tx.execute(helpdesk.update().values(state="disabled"))
    assert spool.due(limit=9) == []
