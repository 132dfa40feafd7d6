"""A form of Mailgun is believed if its signature is Mailgun's and new."""

import pytest

from tests.support.mails import mail, mailgun_form
from worker.errors import Invalid
from worker.helpdesks.protocol import WebhookRefused
from worker.mailboxes.mailgun import raw_mail


def form(*given, **more):
    return {name: value.encode() for name, value in mailgun_form(*given, **more).items()}


def test_the_raw_mail_is_returned_as_it_was_posted():
    assert raw_mail(form("key", mail("Größe?"), at=1_000), key="key", now=1_100) == mail("Größe?")


@pytest.mark.parametrize(
    "changed", [{"signature": ""}, {"signature": "é"}, {"timestamp": "1001"}, {"token": "other"}, {"timestamp": "²"}]
)
def test_a_form_that_was_changed_is_refused(changed):
    with pytest.raises(WebhookRefused):
        raw_mail(
            form("key", mail(), at=1_000) | {name: value.encode() for name, value in changed.items()},
            key="key",
            now=1_000,
        )


def test_an_old_form_is_refused():
    with pytest.raises(WebhookRefused):
        raw_mail(form("key", mail(), at=1_000), key="key", now=2_000)


def test_a_form_without_the_raw_mail_says_what_to_change():
    other = form("key", mail(), at=1_000)
    del other["body-mime"]
    with pytest.raises(Invalid, match="end in `mime`"):
        raw_mail(other, key="key", now=1_000)
