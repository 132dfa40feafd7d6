"""A mail keeps its thread, says who wrote it, and quotes what it answers."""

from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from tests.support.mails import mail
from worker.mailboxes.addresses import Address
from worker.mailboxes.authentication import Belief
from worker.mailboxes.composing import Draft, attribution, composed, notice, reply_subject
from worker.mailboxes.envelopes import envelope_of
from worker.mailboxes.parsing import parse
from worker.reading.message import read
from worker.translations import LANGUAGES

ANSWERED = parse(mail("My <b>question</b>?\n> old", subject="Re: Größe", answers="0@desk.example"))
DRAFT = Draft(
    message_id="whd_1@desk.example",
    sender=Address(address="support@desk.example", name="Läden, Inc."),
    to=(Address(address="ann@shop.example", name="Ann"),),
    text="Use **this** [1].\n\n[1] Help: https://desk.example/help",
    answers=envelope_of(ANSWERED, ANSWERED.correspondent, Belief.BELIEVED),
    quoted=ANSWERED.text,
    date=1_795_771_800,
    language="en",
    automatic="auto-replied",
    notice=True,
)


def sent(draft: Draft):
    return message_from_bytes(composed(draft).as_bytes(), policy=policy.default)


def test_the_headers_keep_the_thread_together():
    message = sent(DRAFT)
    assert message["Message-ID"] == "<whd_1@desk.example>"
    assert message["In-Reply-To"] == "<1@shop.example>"
    assert message["References"] == "<0@desk.example> <1@shop.example>"
    assert message["Subject"] == "Re: Größe"
    assert message["From"] == '"Läden, Inc." <support@desk.example>'
    assert message["Date"] == "Fri, 27 Nov 2026 09:30:00 +0000"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["List-Unsubscribe"] is None


def test_a_long_id_of_outlook_is_answered_as_it_is():
    id = "AM0PR04MB1234567890ABCDEF1234567890ABCDEF123456789@AM0PR04MB1234.eurprd04.prod.outlook.com"
    answered = parse(mail(id=id, answers=f"1-{id}"))
    draft = replace(DRAFT, answers=envelope_of(answered, answered.correspondent, Belief.BELIEVED))
    data = composed(draft).as_bytes()
    assert f"In-Reply-To: <{id}>\r\n".encode() in data
    assert sent(draft)["References"].split() == [f"<1-{id}>", f"<{id}>"]


def test_text_and_html_say_the_same_and_no_markup_of_the_customer_gets_through():
    message = sent(DRAFT)
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "Use this [1]." in text
    assert "https://desk.example/help" in text
    assert "> My <b>question</b>?" in text
    assert ">> old" in text
    assert "<strong>this</strong>" in html
    assert 'href="https://desk.example/help"' in html
    assert "&lt;b&gt;question" in html


def test_what_a_human_wrote_does_not_say_that_a_machine_did():
    message = sent(replace(DRAFT, automatic=None, notice=False))
    assert message["Auto-Submitted"] is None
    assert "assistant" not in message.get_body(("plain",)).get_content()


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_own_mail_comes_back_as_a_quote_in_every_language(language):
    ours = sent(replace(DRAFT, language=language)).get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert notice(language) in ours
    reading = read(f"Thank you!\n\n{attribution(DRAFT.answers, language)}\n" + ours.replace("\n", "\n> "))
    assert reading.written == "Thank you!"


def test_a_subject_cannot_add_headers_and_has_one_prefix():
    assert reply_subject("AW: Re: Fwd: Hello\r\nBcc: all@x.example") == "Re: Hello Bcc: all@x.example"
    assert reply_subject("") == "Re:"
    assert len(reply_subject("x" * 900)) < 260
