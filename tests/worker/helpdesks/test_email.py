"""A notification by mail: what it says and to whom, and which refusals are final."""

from dataclasses import replace

import pytest

from tests.support.helpdesks import account
from tests.support.places import Mailbox
from worker.helpdesks.email import Email, recipients
from worker.helpdesks.mail import MailServer
from worker.helpdesks.protocol import HelpdeskRefused, Post, WebhookRefused

POST = Post(ticket="whd_1", text="Handed off: Bcc: eve@evil.example\n\nPlease look.", public=False)


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture
def email(mailbox):
    with mailbox.serving() as url:
        server = MailServer(url=url, sender="Desk <bot@shop.example>")
        yield Email(replace(account("mailto:ada@shop.example,bob@shop.example"), mail=server), None)


def test_the_first_line_is_the_subject_and_no_header(email, mailbox):
    assert email.post(POST) == "<whd_1@shop.example>"
    (mail,) = mailbox.mails
    assert (mail["Subject"], mail["Bcc"]) == ("Handed off: Bcc: eve@evil.example", None)
    assert (mail["From"], mail["To"]) == ("Desk <bot@shop.example>", "ada@shop.example, bob@shop.example")
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == ("<whd_1@shop.example>", "auto-generated")
    assert mail.get_content().strip() == "Please look."


def test_a_long_subject_is_cut_and_has_no_line_breaks(email, mailbox):
    email.post(replace(POST, text="a\r b\t" + "word " * 100 + "\nText"))
    subject = mailbox.mails[0]["Subject"]
    assert subject.startswith("a b word")
    assert len(subject) == 200


@pytest.mark.parametrize(("refusal", "status"), [("451 later", 451), ("550 no such mailbox", 422)])
def test_a_5xx_is_final_and_a_4xx_may_pass(email, mailbox, refusal, status):
    mailbox.refusals = [refusal]
    with pytest.raises(HelpdeskRefused, match=refusal) as refused:
        email.post(POST)
    assert refused.value.status == status


def test_a_mail_that_some_have_is_not_sent_again(email, mailbox):
    mailbox.refused = "bob@shop.example"
    with pytest.raises(HelpdeskRefused, match=r"bob@shop\.example") as refused:
        email.post(POST)
    assert (refused.value.status, len(mailbox.mails)) == (422, 1)


def test_without_a_mail_server_a_check_and_a_post_say_which_setting_is_missing():
    unset = Email(account("mailto:ada@shop.example"), None)
    ((name, wrong),) = unset.check()
    assert (name, "ANSWERBACK_SMTP_URL" in (wrong or "")) == ("mail server", True)
    with pytest.raises(HelpdeskRefused, match="ANSWERBACK_SMTP_URL"):
        unset.post(POST)


def test_a_mailbox_sends_no_webhooks():
    with pytest.raises(WebhookRefused):
        Email(account("mailto:ada@shop.example"), None).verify(b"", {}, now=0.0)


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("mailto:a@shop.example", ["a@shop.example"]),
        ("mailto:a@shop.example, b@shop.example,", ["a@shop.example", "b@shop.example"]),
        ("mailto:a%2Bdesk@shop.example", ["a+desk@shop.example"]),
        ("mailto:", []),
        ("https://shop.example", []),
    ],
)
def test_the_addresses_of_a_mailto_url_are_its_recipients(url, addresses):
    assert recipients(url) == addresses
