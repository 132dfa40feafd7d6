"""A form of SendGrid is believed if its signature is SendGrid's and new."""

import pytest

from tests.support.mails import mail
from tests.support.posting import SendGridSigner, sendgrid_body
from worker.errors import Invalid
from worker.helpdesks.protocol import WebhookRefused
from worker.mailboxes.sendgrid import public_key, raw_mail, verify

BODY, _TYPE = sendgrid_body(mail())


@pytest.fixture
def signer():
    return SendGridSigner()


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}


def test_a_signed_form_is_accepted_and_a_changed_or_old_one_is_not(signer):
    headers = lower(signer.headers(BODY, at=1_000))
    verify(BODY, headers, key=signer.public_key, now=1_100)
    for body, changed, now in (
        (BODY + b" ", headers, 1_000),
        (BODY, {}, 1_000),
        (BODY, {**headers, "x-twilio-email-event-webhook-timestamp": "1001"}, 1_000),
        (BODY, {**headers, "x-twilio-email-event-webhook-signature": "é"}, 1_000),
        (BODY, headers, 2_000),
        (BODY, lower(SendGridSigner().headers(BODY, at=1_000)), 1_000),
    ):
        with pytest.raises(WebhookRefused):
            verify(body, changed, key=signer.public_key, now=now)


def test_a_key_that_is_none_is_refused_when_it_is_given(signer):
    assert public_key(signer.public_key)
    for wrong in ("", "not base64", "AAAA"):
        with pytest.raises(Invalid, match="SendGrid shows"):
            public_key(wrong)


def test_a_form_without_the_raw_mail_says_what_to_change():
    assert raw_mail({"email": mail("Größe?")}) == mail("Größe?")
    with pytest.raises(Invalid, match="full MIME message"):
        raw_mail({"text": b"Hi"})
