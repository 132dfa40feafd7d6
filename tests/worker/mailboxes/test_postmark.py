"""What Postmark posts is believed if it knows the password of the URL."""

import pytest

from tests.support.mails import mail
from tests.support.posting import basic, postmark_payload
from worker.errors import Invalid
from worker.helpdesks.protocol import WebhookRefused
from worker.mailboxes.postmark import raw_mail


def test_the_raw_mail_is_returned_as_it_came():
    assert raw_mail(postmark_payload(mail("Größe?")), basic("pass"), password="pass") == mail("Größe?")


@pytest.mark.parametrize("given", ["", "Basic é", basic("other"), basic("pass", "other"), "Bearer pass"])
def test_a_request_without_the_password_is_refused(given):
    with pytest.raises(WebhookRefused):
        raw_mail(postmark_payload(mail()), given, password="pass")


def test_a_payload_without_the_raw_mail_says_what_to_change():
    payload = postmark_payload(mail())
    del payload["RawEmail"]
    with pytest.raises(Invalid, match="Include raw email content"):
        raw_mail(payload, basic("pass"), password="pass")
