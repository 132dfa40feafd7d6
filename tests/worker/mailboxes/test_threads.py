"""A mail finds its conversation, and a guess never leads a stranger into one."""

from dataclasses import replace

import pytest

from tests.support.fakes import TableClock
from tests.support.mails import mail
from worker.mailboxes.addresses import with_token
from worker.mailboxes.authentication import Belief
from worker.mailboxes.parsing import parse
from worker.states import MailFolder


@pytest.fixture
def take(store, intake, box):
    """Take a mail into its conversation; return the ticket."""

    def taken(data):
        id = intake.spool.add(box, data, MailFolder.POSTED)
        intake.drain(box.id)
        return id

    return taken


def find(intake, box, data, writer="ann@shop.example", belief="believed"):
    return intake.threads.find(box, "secret", parse(data), writer, belief=Belief(belief))


def test_each_way_leads_to_the_conversation_of_its_own_writer_alone(intake, box, take):
    ticket = take(mail())
    named = mail(id="2@x", answers="1@shop.example", subject="Other")
    signed = mail(id="2@x", to=with_token(box.address, ticket, "secret"), subject="Other")
    subject = mail(id="2@x", subject="Re: My password")
    for data in (named, signed, subject):
        assert find(intake, box, data) == ticket
        assert find(intake, box, data, writer="bob@other.example") is None
    assert find(intake, box, mail(id="2@x", subject="My password")) is None


def test_whom_the_customer_wrote_to_as_well_takes_part(intake, box, take):
    ticket = take(mail(Cc="carl@shop.example, ola@desk.example"))
    assert intake.threads.participants(box, ticket) == {"ann@shop.example", "carl@shop.example"}
    answer = mail(id="2@x", answers="1@shop.example")
    assert find(intake, box, answer, writer="carl@shop.example") == ticket


@pytest.mark.parametrize("result", ["", "mx.desk.example; dmarc=fail"])
def test_a_forged_mail_lets_nobody_into_the_conversation_of_its_victim(intake, box, take, result):
    ticket = take(mail())
    headers = {"Authentication-Results": result} if result else {}
    forged = {"Cc": "evil@evil.example", "id": "forged@evil.example", **headers}
    for subject, answers in (("Re: My password", None), ("Re: My password", "1@shop.example"), ("New", None)):
        other = take(mail(f"Forged {subject} {answers}", believed=False, subject=subject, answers=answers, **forged))
        for named in (ticket, other):
            assert "evil@evil.example" not in intake.threads.participants(box, named)
    answer = mail("And?", sender="evil@evil.example", id="3@evil.example", answers="forged@evil.example")
    assert find(intake, box, answer, writer="evil@evil.example") is None


def test_a_subject_alone_is_enough_for_a_sender_who_is_believed(intake, box, take):
    ticket = take(mail())
    take(mail("False!", id="2@x", believed=False, **{"Authentication-Results": "mx.desk.example; dmarc=fail"}))
    answer = mail(id="3@x", subject="Re: My password")
    assert find(intake, box, answer) == ticket, "the newest with this subject is a forgery"
    assert find(intake, box, answer, belief="unknown") is None
    nobody_says = replace(box, authserv_id=None)
    assert find(intake, nobody_says, answer, belief="unknown") == ticket


def test_a_subject_is_forgotten_after_two_weeks(store, intake, box, take):
    ticket = take(mail())
    answer = mail(id="2@x", subject="Re: My password")
    TableClock.advance(store, 13 * 86_400)
    assert find(intake, box, answer) == ticket
    TableClock.advance(store, 2 * 86_400)
    assert find(intake, box, answer) is None


def test_a_message_id_that_a_stranger_uses_again_leads_nobody_astray(intake, box, take):
    ticket = take(mail())
    other = take(mail("Mine?", sender="Bob <bob@other.example>"))
    answer = mail(id="2@x", answers="1@shop.example")
    assert find(intake, box, answer) == ticket
    assert find(intake, box, answer, writer="bob@other.example") == other


def test_only_mail_from_here_counts_as_sent_here(intake, box, take):
    take(mail())
    assert not intake.threads.is_sent_here(box, "1@shop.example")
    assert not intake.threads.is_sent_here(box, "")
