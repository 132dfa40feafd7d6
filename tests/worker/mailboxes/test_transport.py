"""A mail is sent once: what a server refused may be tried again, what it may have taken is looked for first."""

import contextlib
import json

import pytest
import sqlalchemy as sa

from tests.support.fakes import LOOPBACK, TableClock
from tests.support.mails import mail
from tests.support.places import Mailbox as SmtpServer
from worker.deliveries.endpoints import Endpoints
from worker.deliveries.outbox import enqueue_helpdesk_delivery
from worker.deliveries.payloads import TicketChange, TicketPost
from worker.deliveries.sender import Sender
from worker.helpdesks.mail import MailRefused, MailServer
from worker.helpdesks.transport import RoutingTransport
from worker.mailboxes.bounces import Bounces
from worker.mailboxes.imap import MailboxUnavailable
from worker.mailboxes.reports import Failure, Report
from worker.mailboxes.transport import MailboxTransport, Servers
from worker.states import DeliveryKind, MailFolder
from worker.store.rows import Helpdesk
from worker.store.tables import attempt, delivery, helpdesk, mail_suppression
from worker.store.tables import mail as mail_table


class FakeFolders:
    """The folders of a mailbox in memory."""

    def __init__(self):
        self.kept = {"sent": [], "drafts": []}
        self.unavailable = False

    def folder(self, use):
        return use

    def has(self, folder, message_id):
        return any(f"<{message_id}>".encode() in data for data in self.kept[folder])

    def append(self, use, data):
        self.kept[use].append(data)
        return True


class Desk:
    """A mailbox with one conversation, and servers of its own."""

    def __init__(self, store, intake, box, outbox, url, **question):
        self.store, self.box, self.outbox, self.folders = store, box, outbox, FakeFolders()
        self.smtp = lambda _row: MailServer(url=url, sender=box.address)
        self.ticket = intake.spool.add(box, mail(**question), MailFolder.POSTED)
        intake.drain(box.id)

    @contextlib.contextmanager
    def imap(self, _row):
        if self.folders.unavailable:
            raise MailboxUnavailable("down")
        yield self.folders

    def enqueue(self, kind=DeliveryKind.TICKET_REPLY, payload=None):
        with self.store.begin() as tx:
            row = Helpdesk.from_row(tx.execute(sa.select(helpdesk)).mappings().one())
            post = payload or TicketPost(ticket=self.ticket, text="Yes.", public=True)
            return enqueue_helpdesk_delivery(tx, row, kind, post, type="x", now=self.store.now(tx))

    def send(self):
        """Make the attempt that is due; return the delivery's state and the attempt's error."""
        servers = Servers(smtp=lambda row: self.smtp(row), imap=self.imap)
        transport = RoutingTransport(
            self.store,
            LOOPBACK,
            None,  # type: ignore[arg-type]  # no webhook comes
            mail=None,
            conversation_url=lambda _workspace_id: None,
            open_mailbox=lambda mailbox_id: MailboxTransport(
                self.store, mailbox_id, servers, conversation_url=lambda _workspace_id: None
            ),
        )
        Sender(self.store).send(self.box.id, transport)
        transport.close()
        with self.store.read() as connection:
            states = connection.execute(sa.select(delivery.c.state).order_by(delivery.c.id)).scalars().all()
            errors = connection.execute(sa.select(attempt.c.error).order_by(attempt.c.id)).scalars().all()
        return states[-1], errors[-1]

    def forget_the_end(self):
        """Leave things as a process does that ends behind the server's 250."""
        with self.store.begin() as tx:
            sent = mail_table.c.direction == "out"
            row = tx.execute(sa.select(mail_table.c.headers).where(sent)).scalar_one()
            before = {"recipients": row["recipients"]}
            tx.execute(mail_table.update().where(sent).values(state="sending", headers=before))
            tx.execute(delivery.update().values(state="pending", due_at=1))


@pytest.fixture
def desk(store, intake, box):
    outbox = SmtpServer()
    with outbox.serving() as url:
        yield Desk(store, intake, box, outbox, url)


def test_an_answer_is_sent_and_its_copy_kept(desk):
    id = desk.enqueue()
    assert desk.send() == ("delivered", None)
    (sent,) = desk.outbox.mails
    assert sent["Message-ID"] == f"<{id}@desk.example>"
    assert len(desk.folders.kept["sent"]) == 1


def test_after_a_crash_the_folder_of_sent_mail_says_that_it_was_sent(desk):
    desk.enqueue()
    desk.send()
    desk.forget_the_end()
    assert desk.send() == ("delivered", None)
    assert (len(desk.outbox.mails), len(desk.folders.kept["sent"])) == (1, 1)


def test_without_a_copy_the_same_mail_goes_out_under_the_same_message_id(desk):
    desk.enqueue()
    desk.send()
    desk.folders.kept["sent"].clear()
    desk.forget_the_end()
    assert desk.send() == ("delivered", None)
    first, second = desk.outbox.mails
    assert (first["Message-ID"], first["Date"]) == (second["Message-ID"], second["Date"])


def test_a_crash_before_the_copy_is_kept_repeats_the_copy_alone(desk, monkeypatch):
    desk.enqueue()

    def crash(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(MailboxTransport, "_save_copy", crash)
        with pytest.raises(KeyboardInterrupt):
            desk.send()
    TableClock.advance(desk.store, 60)
    assert desk.send() == ("delivered", None)
    assert (len(desk.outbox.mails), len(desk.folders.kept["sent"])) == (1, 1)


def test_nothing_is_repeated_while_nobody_can_look(desk):
    desk.enqueue()
    desk.send()
    desk.forget_the_end()
    desk.folders.unavailable = True
    assert desk.send() == ("pending", "down")
    assert len(desk.outbox.mails) == 1


def test_a_copy_that_cannot_be_kept_is_no_reason_to_send_again(desk):
    desk.folders.unavailable = True
    desk.enqueue()
    assert desk.send() == ("delivered", None)


def test_a_busy_server_is_tried_again_and_a_refusal_is_final(desk):
    desk.outbox.refusals += ["451 later", "554 no"]
    desk.enqueue()
    assert desk.send() == ("pending", "451 later")
    TableClock.advance(desk.store, 10)
    assert desk.send() == ("exhausted", "554 no")
    assert desk.outbox.mails == []


def test_a_connection_that_ends_without_an_answer_is_looked_into_first(desk):
    real = desk.smtp

    def dropped(_row):
        raise MailRefused("SMTPServerDisconnected")

    desk.smtp = dropped
    id = desk.enqueue()
    assert desk.send() == ("pending", "SMTPServerDisconnected")
    desk.smtp = real
    desk.folders.kept["sent"].append(f"Message-ID: <{id}@desk.example>".encode())  # it had been taken
    TableClock.advance(desk.store, 10)
    assert desk.send() == ("delivered", None)
    assert desk.outbox.mails == []


def test_a_draft_is_put_into_its_folder_once(desk):
    desk.enqueue(DeliveryKind.TICKET_NOTE)
    assert desk.send() == ("delivered", None)
    desk.forget_the_end()
    assert desk.send() == ("delivered", None)
    assert (len(desk.folders.kept["drafts"]), desk.outbox.mails) == (1, [])


def test_a_recipient_who_does_not_exist_gets_nothing_again(desk):
    desk.outbox.refused = "ann@shop.example"
    desk.enqueue()
    state, error = desk.send()
    assert (state, "no such mailbox" in error) == ("exhausted", True)


def test_a_mailbox_has_no_status_to_change(desk):
    desk.enqueue(DeliveryKind.TICKET_CHANGE, TicketChange(ticket=desk.ticket, status="closed"))
    assert desk.send() == ("delivered", None)
    assert desk.outbox.mails == []


ANN, CARL = "ann@shop.example", "carl@shop.example"


@pytest.fixture
def two(store, intake, box):
    """A desk whose customer, Ann, has Carl in copy."""
    outbox = SmtpServer()
    with outbox.serving() as url:
        yield Desk(store, intake, box, outbox, url, Cc=CARL)


def test_a_customer_who_is_greylisted_is_tried_again_alone(two):
    two.outbox.recipients = {ANN: "450 4.2.0 greylisted"}
    two.enqueue()
    state, error = two.send()
    assert (state, "the others have it" in error, f"{ANN}: 450" in error) == ("pending", True, True)
    two.outbox.recipients = {}
    TableClock.advance(two.store, 10)
    assert two.send() == ("delivered", None)
    assert two.outbox.receivers == [[CARL], [ANN]]
    first, second = two.outbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert len(two.folders.kept["sent"]) == 1


def test_a_customer_who_is_refused_is_shown_although_a_copy_was_taken(two):
    two.outbox.recipients = {ANN: "550 5.1.1 no such mailbox"}
    two.enqueue()
    state, error = two.send()
    assert (state, "the others have it" in error, f"{ANN}: 550" in error) == ("exhausted", True, True)
    two.enqueue()
    state, error = two.send()
    assert (state, "bounced before" in error) == ("exhausted", True)
    assert two.outbox.receivers == [[CARL]]


def test_a_copy_that_is_refused_is_shown_and_the_customer_has_the_answer(two):
    two.outbox.recipients = {CARL: "554 no"}
    two.enqueue()
    state, error = two.send()
    assert (state, f"{CARL}: 554 no" in error) == ("delivered", True)
    assert two.outbox.receivers == [[ANN]]


def test_a_copy_that_is_refused_does_not_end_the_customers_answer_that_waits(two):
    two.outbox.recipients = {ANN: "451 later", CARL: "554 no"}
    two.enqueue()
    assert two.send()[0] == "pending"
    two.outbox.recipients = {}
    TableClock.advance(two.store, 10)
    state, error = two.send()
    assert (state, f"{CARL}: 554 no" in error) == ("delivered", True)
    assert two.outbox.receivers == [[ANN]]
    assert len(two.folders.kept["sent"]) == 1


def test_a_replay_goes_to_who_was_refused_alone(two):
    two.outbox.recipients = {ANN: "554 blocked"}
    two.enqueue()
    assert two.send()[0] == "exhausted"
    two.outbox.recipients = {}
    with two.store.begin() as tx:
        tx.execute(delivery.update().values(state="pending", due_at=1, finished_at=None))
    assert two.send() == ("delivered", None)
    assert two.outbox.receivers == [[CARL], [ANN]]


class Bounced:
    """An answer that was sent and came back from some of its recipients, and can be replayed."""

    def __init__(self, desk, threads):
        self.desk, self.bounces = desk, Bounces(desk.store, threads)
        self.id = desk.enqueue()
        assert desk.send() == ("delivered", None)
        desk.outbox.receivers.clear()

    def comes_back(self, address, status="5.1.1"):
        failure = Failure(address=address, status=status, why="550 no such user", action="failed")
        self.bounces.record(self.desk.box, Report(message_id=f"{self.id}@desk.example", failures=(failure,)))
        with self.desk.store.read() as connection:
            assert connection.execute(sa.select(delivery.c.state)).scalar_one() == "exhausted"

    def replayed(self):
        """Replay the delivery, as the console does; return its state, the error, and whom servers got it for."""
        Endpoints(self.desk.store, LOOPBACK).replay(self.desk.box.workspace_id, self.id)
        self.desk.outbox.receivers.clear()
        return (*self.desk.send(), self.desk.outbox.receivers)

    def allow(self, address):
        with self.desk.store.begin() as tx:
            tx.execute(mail_suppression.delete().where(mail_suppression.c.address == address))


def test_a_bounced_answer_is_sent_again_once_its_address_is_allowed(desk, intake):
    bounced = Bounced(desk, intake.threads)
    bounced.comes_back(ANN)
    state, error, receivers = bounced.replayed()
    assert (state, "bounced before" in error, receivers) == ("exhausted", True, [])
    bounced.allow(ANN)
    assert bounced.replayed() == ("delivered", None, [[ANN]])
    with desk.store.read() as connection:
        kept = connection.execute(sa.select(mail_table).where(mail_table.c.direction == "out")).one()
    assert (kept.state, kept.reason) == ("sent", None)
    bounced.comes_back(ANN, status="5.2.2")  # and again: it is full
    assert bounced.replayed() == ("delivered", None, [[ANN]])


def test_a_bounced_answer_goes_to_the_address_that_the_customer_wrote_from_since(desk, intake):
    bounced = Bounced(desk, intake.threads)
    bounced.comes_back(ANN)
    with desk.store.begin() as tx:
        row = tx.execute(sa.select(mail_table).where(mail_table.c.direction == "in")).mappings().one()
        headers = json.loads(json.dumps(row["headers"]).replace(ANN, "ann@new.example"))
        tx.execute(
            mail_table.insert().values({**row, "id": "mail_2", "key": "2", "created_at": 2**42, "headers": headers})
        )
    assert bounced.replayed() == ("delivered", None, [["ann@new.example"]])
    bounced.comes_back("ann@new.example", status="5.2.2")
    assert bounced.replayed() == ("delivered", None, [["ann@new.example"]])


def test_a_replay_of_a_bounce_spares_who_has_the_answer(two, intake):
    bounced = Bounced(two, intake.threads)
    bounced.comes_back(ANN, status="5.2.2")
    assert bounced.replayed() == ("delivered", None, [[ANN]])
    for address in (ANN, CARL):
        bounced.comes_back(address, status="5.2.2")
    assert bounced.replayed() == ("delivered", None, [[ANN, CARL]])
    bounced.comes_back(ANN, status="5.2.2")
    assert bounced.replayed() == ("delivered", None, [[ANN]])


def test_an_attempt_that_is_under_way_when_its_mail_bounces_does_not_deliver_it(desk, intake):
    bounced = Bounced(desk, intake.threads)
    desk.forget_the_end()
    with desk.store.begin() as tx:
        claimed = Sender(desk.store)._claim_in(tx, desk.box.id)
    bounced.comes_back(ANN, status="5.2.2")
    servers = Servers(smtp=desk.smtp, imap=desk.imap)
    MailboxTransport(desk.store, desk.box.id, servers, conversation_url=lambda _id: None).send(claimed)
    assert desk.outbox.receivers == []


def test_a_bounce_while_a_copy_waits_is_replayed_to_both(two, intake):
    two.outbox.recipients = {CARL: "450 4.2.0 greylisted"}
    id = two.enqueue()
    assert two.send()[0] == "pending"
    failure = Failure(address=ANN, status="5.2.2", why="552 full", action="failed")
    Bounces(two.store, intake.threads).record(two.box, Report(message_id=f"{id}@desk.example", failures=(failure,)))
    two.outbox.recipients = {}
    Endpoints(two.store, LOOPBACK).replay(two.box.workspace_id, id)
    two.outbox.receivers.clear()
    assert two.send() == ("delivered", None)
    assert two.outbox.receivers == [[ANN, CARL]]
    assert kept(two)["state"] == "sent"


def kept(desk):
    with desk.store.read() as connection:
        return connection.execute(sa.select(mail_table).where(mail_table.c.direction == "out")).mappings().one()


def end_before_finish(desk, monkeypatch):
    """Make an attempt that ends when everybody has the mail, before that is its state; then another one is due."""

    def crash(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(MailboxTransport, "_finish", crash)
        with pytest.raises(KeyboardInterrupt):
            desk.send()
    TableClock.advance(desk.store, 60)


def test_after_a_crash_a_mailbox_that_is_down_does_not_hide_that_everybody_has_the_mail(desk, monkeypatch):
    desk.enqueue()
    end_before_finish(desk, monkeypatch)
    desk.folders.unavailable = True
    assert desk.send() == ("delivered", None)
    assert (len(desk.outbox.mails), kept(desk)["state"]) == (1, "sent")


def test_after_a_crash_a_copy_that_was_refused_does_not_fail_the_customers_answer(two, monkeypatch):
    two.outbox.recipients = {CARL: "550 5.1.1 no such mailbox"}
    two.enqueue()
    end_before_finish(two, monkeypatch)
    state, error = two.send()
    assert (state, f"{CARL}: 550" in error) == ("delivered", True)
    assert (two.outbox.receivers, kept(two)["state"]) == ([[ANN]], "sent")


def forget_who_has_it(desk):
    """Leave a mail that bounced as version 0.1 did, which kept nobody's progress."""
    with desk.store.begin() as tx:
        headers = {"recipients": [ANN, CARL]}
        tx.execute(mail_table.update().where(mail_table.c.direction == "out").values(headers=headers))


@pytest.mark.parametrize("status", ["5.1.1", "5.2.2"])
def test_a_bounce_of_an_earlier_version_is_replayed_to_whom_it_came_back_from(two, intake, status):
    bounced = Bounced(two, intake.threads)
    bounced.comes_back(ANN, status=status)
    forget_who_has_it(two)
    bounced.allow(ANN)
    assert bounced.replayed() == ("delivered", None, [[ANN]])
    assert kept(two)["state"] == "sent"


def test_a_bounce_of_an_earlier_version_goes_to_nobody_who_is_suppressed(two, intake):
    bounced = Bounced(two, intake.threads)
    bounced.comes_back(ANN)
    forget_who_has_it(two)
    state, error, receivers = bounced.replayed()
    assert (state, "bounced before" in error, receivers) == ("exhausted", True, [])
