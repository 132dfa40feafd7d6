"""Whom a mail goes to, and with what: nobody is written to whom the customer did not write to."""

import pytest
import sqlalchemy as sa

from tests.support.mails import mail
from worker.deliveries.outbox import enqueue_helpdesk_delivery
from worker.deliveries.payloads import TicketPost
from worker.deliveries.sender import Sender
from worker.mailboxes.composing import composed
from worker.mailboxes.outgoing import NotSendable, Outgoing
from worker.states import DeliveryKind, MailFolder
from worker.store.rows import Helpdesk
from worker.store.tables import conversation, helpdesk


@pytest.fixture
def outgoing(store, intake, box):
    """Return the mail of a post of a kind in the conversation of these mails."""

    def made(*mails, kind=DeliveryKind.TICKET_REPLY, url=None, target=box):
        ids = [intake.spool.add(target, data, MailFolder.POSTED) for data in mails]
        intake.drain(target.id)
        with store.begin() as tx:
            desk = Helpdesk.from_row(tx.execute(sa.select(helpdesk)).mappings().one())
            conversation_id = tx.execute(sa.select(conversation.c.id)).scalars().first()
            post = TicketPost(ticket=ids[0] if ids else "none", text="Yes.", public=True)
            enqueue_helpdesk_delivery(
                tx, desk, kind, post, type="message.answered", now=store.now(tx), conversation_id=conversation_id
            )
        claimed = Sender(store).claim(target.id)
        assert claimed is not None
        return Outgoing(store, conversation_url=lambda _workspace_id: url).mail(desk, target, claimed.delivery, post)

    return made


def test_an_answer_goes_to_the_customer_and_to_whom_they_wrote(outgoing):
    made = outgoing(mail(to="support@desk.example, carl@shop.example"))
    assert made.recipients == ["ann@shop.example", "carl@shop.example"]
    assert (made.is_draft, made.draft.automatic, made.draft.notice) == (False, "auto-replied", True)
    assert made.draft.message_id.endswith("@desk.example")


def test_who_proves_nothing_cannot_have_the_desk_write_to_others(outgoing):
    assert outgoing(mail(Cc="victim@far.example", believed=False)).recipients == ["ann@shop.example"]


def test_a_draft_is_a_humans_mail(outgoing):
    made = outgoing(mail(), kind=DeliveryKind.TICKET_NOTE)
    assert (made.is_draft, made.draft.automatic, made.draft.notice) == (True, None, False)


def test_a_note_about_a_handoff_goes_to_the_mailbox_and_not_to_the_customer(outgoing):
    made = outgoing(mail(Cc="carl@shop.example"), kind=DeliveryKind.HANDOFF_NOTE, url="https://desk.example/{id}")
    assert made.recipients == ["support@desk.example"]
    assert [address.address for address in made.draft.reply_to] == ["ann@shop.example", "support@desk.example"]
    assert "https://desk.example/conv_" in made.draft.text


def test_a_conversation_without_an_address_cannot_be_answered(outgoing):
    with pytest.raises(NotSendable):
        outgoing(b"Subject: Help\r\n\r\nWho am I?")


def test_a_domain_of_other_letters_is_written_to_in_punycode(outgoing):
    made = outgoing(mail(sender="Ann <ann@münchen.example>", believed=False))
    assert made.recipients == ["ann@xn--mnchen-3ya.example"]
    assert b"xn--mnchen-3ya" in composed(made.draft).as_bytes()


def test_an_address_that_mail_servers_do_not_take_is_told_and_ends_the_answer_alone(outgoing):
    question = "From: Jörg <jörg@shop.example>\r\nTo: support@desk.example\r\n\r\nHelp!".encode()
    with pytest.raises(NotSendable, match=r"no such address: .*rg@shop\.example"):
        outgoing(question)


def test_a_note_about_a_customer_whose_address_takes_no_mail_is_sent(outgoing):
    question = "From: Jörg <jörg@shop.example>\r\nTo: support@desk.example\r\n\r\nHelp!".encode()
    made = outgoing(question, kind=DeliveryKind.HANDOFF_NOTE)
    assert (made.recipients, [str(address) for address in made.draft.reply_to]) == (
        ["support@desk.example"],
        ["support@desk.example"],
    )
    assert composed(made.draft).as_bytes()
