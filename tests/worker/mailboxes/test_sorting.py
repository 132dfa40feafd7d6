"""Whose words a mail has is decided by who proved to have sent it, and to whom it went."""

import pytest

from tests.support.mails import DESK, mail
from worker.mailboxes.parsing import parse
from worker.mailboxes.sorting import Sorter
from worker.states import MailFolder


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


def test_a_report_on_foreign_mail_is_no_question(decide):
    report = (
        b"From: MAILER-DAEMON@x\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n--x--\r\n"
    )
    assert decide(report).action == "ignore"
