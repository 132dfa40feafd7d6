"""Whose words a mail has is decided by who proved to have sent it, and to whom it went."""

import pytest
import sqlalchemy as sa

from tests.support.mails import DESK, mail
from worker.deliveries.outbox import enqueue_helpdesk_delivery
from worker.deliveries.payloads import TicketPost
from worker.deliveries.sender import Sender
from worker.mailboxes.imap import MailboxUnavailable
from worker.mailboxes.parsing import parse
from worker.mailboxes.sorting import Sorter
from worker.mailboxes.transport import MailboxTransport, Servers
from worker.states import DeliveryKind, MailFolder
from worker.store.rows import Helpdesk
from worker.store.tables import conversation, helpdesk


@pytest.fixture
def decide(intake, box):
    def decided(data, folder=MailFolder.INBOX):
        return Sorter(intake.threads).decide(box, "secret", parse(data), folder)

    return decided


def test_a_customers_mail_opens_a_conversation(decide):
    found = decide(mail())
    assert (found.action, found.ticket, str(found.writer), found.belief, found.owner) == (
        *("customer", None, "Ann <ann@shop.example>", "believed", "bot"),
    )


def test_mail_from_the_mailbox_itself_is_no_question(decide):
    assert decide(mail(sender=DESK)).action == "ignore"
    assert decide(mail(sender="support+x@desk.example")).action == "ignore"


def test_a_form_that_writes_as_the_mailbox_on_behalf_of_a_customer_is_one(decide):
    found = decide(mail(sender=DESK, Reply_To="ann@shop.example"))
    assert (found.action, str(found.writer), found.belief) == ("customer", "ann@shop.example", "unknown")


def test_a_reply_to_is_nobody_whom_the_sender_proved_to_be(decide):
    found = decide(mail(sender="evil@mail.example", Reply_To="victim@mail.example"))
    assert (str(found.writer), found.belief) == ("victim@mail.example", "unknown")
    same = decide(mail(sender="Ann <ann@mail.example>", Reply_To="Ann <ANN@mail.example>"))
    assert (str(same.writer), same.belief) == ("Ann <ann@mail.example>", "believed")


def test_mail_without_a_sender_is_left_to_a_human(decide):
    found = decide(b"Subject: Help\r\n\r\nWho am I?")
    assert (found.action, found.writer, found.owner) == ("customer", None, "human")


def test_a_sender_who_is_proven_false_is_left_to_a_human(decide):
    found = decide(mail().replace(b"dmarc=pass", b"dmarc=fail"))
    assert (found.action, found.belief, found.owner) == ("customer", "refused", "human")


def test_a_colleague_who_asks_something_themselves_is_a_customer(decide):
    assert decide(mail(sender="Ola <ola@desk.example>")).action == "customer"


def test_sent_mail_that_answers_nothing_here_is_nobodys(decide):
    assert decide(mail(sender=DESK, to="carl@shop.example"), MailFolder.SENT).action == "ignore"


def test_sent_mail_is_an_agents_reply_when_the_customer_is_a_recipient(intake, box, decide):
    intake.spool.add(box, mail(), MailFolder.INBOX)
    intake.drain(box.id)
    to_customer = mail("Here.", sender=DESK, to="ann@shop.example", id="2@desk.example", answers="1@shop.example")
    assert decide(to_customer, MailFolder.SENT).action == "agent"
    to_colleague = mail("See.", sender=DESK, to="ola@desk.example", id="3@desk.example", answers="1@shop.example")
    assert decide(to_colleague, MailFolder.SENT).action == "ignore"


@pytest.mark.parametrize(
    ("kind", "action"), [(DeliveryKind.TICKET_NOTE, "agent"), (DeliveryKind.TICKET_REPLY, "ignore")]
)
def test_a_draft_that_a_person_sent_is_their_answer_and_a_copy_of_a_sent_mail_is_not(
    store, intake, box, decide, kind, action
):
    ticket = intake.spool.add(box, mail(), MailFolder.INBOX)
    intake.drain(box.id)
    post = TicketPost(ticket=ticket, text="Yes.", public=True)
    with store.begin() as tx:
        desk = Helpdesk.from_row(tx.execute(sa.select(helpdesk)).mappings().one())
        conversation_id = tx.execute(sa.select(conversation.c.id)).scalar_one()
        enqueue_helpdesk_delivery(
            tx, desk, kind, post, type="message.answered", now=store.now(tx), conversation_id=conversation_id
        )
    claimed = Sender(store).claim(box.id)
    assert claimed is not None
    nowhere = Servers(smtp=_unreachable, imap=_unreachable)
    transport = MailboxTransport(store, box.id, nowhere, conversation_url=lambda _workspace_id: None)
    assert transport.send(claimed).status is None  # the row is there before the server is called
    id = f"{claimed.delivery.id}@desk.example"
    sent = mail("Yes.", sender=DESK, to="ann@shop.example", id=id, answers="1@shop.example")
    found = decide(sent, MailFolder.SENT)
    assert (found.action, found.ticket) == (action, ticket if action == "agent" else None)
    assert decide(sent, MailFolder.INBOX).action == "ignore"


def _unreachable(_row):
    raise MailboxUnavailable("Nobody is there.")


def test_a_report_on_foreign_mail_is_no_question(decide):
    report = (
        b"From: MAILER-DAEMON@x\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n--x--\r\n"
    )
    assert decide(report).action == "ignore"
