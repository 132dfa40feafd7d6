"""Mail of Amazon SES is believed if Amazon signed it for the desk's topic; nobody else can have us call a URL."""

import json

import pytest

from tests.support.mails import mail
from tests.support.posting import CERTIFICATE, TOPIC, FakeAmazon
from worker.addresses import Guard
from worker.errors import Invalid
from worker.helpdesks.protocol import WebhookPostponed, WebhookRefused
from worker.mailboxes.ses import Amazon, confirm, message_of, raw_mail

NOW = 1_795_771_800.0


@pytest.fixture
def amazon():
    return FakeAmazon()


def read(amazon, body, *, topic=TOPIC, now=NOW):
    return message_of(body, amazon, topic=topic, now=now)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("encoding", [None, "UTF8", "BASE64"])
def test_the_raw_mail_is_returned_as_it_came(amazon, encoding, version):
    body = amazon.notification(mail("Größe?"), encoding=encoding, at=NOW, version=version)
    assert raw_mail(read(amazon, body)) == mail("Größe?")
    assert amazon.fetched == [CERTIFICATE]


@pytest.mark.parametrize(
    "changed",
    [
        {"Message": "{}"},
        {"Subject": "Other"},
        {"Timestamp": "2026-11-27T09:30:01.000Z"},
        {"Signature": "AAAA"},
        {"Signature": "é"},
        {"SignatureVersion": "3"},
        {"Type": "Other"},
        {"Message": 1},
    ],
)
def test_a_message_that_was_changed_is_refused(amazon, changed):
    message = json.loads(amazon.notification(mail(), at=NOW)) | changed
    with pytest.raises(WebhookRefused):
        read(amazon, json.dumps(message).encode())


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.us-east-1.amazonaws.com.evil.example/SimpleNotificationService-f3ec.pem",
        "http://sns.us-east-1.amazonaws.com/SimpleNotificationService-f3ec.pem",
        "https://evil.s3.amazonaws.com/SimpleNotificationService-f3ec.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/SimpleNotificationService-f3ec.pem",
        "https://sns.us-east-1.amazonaws.com/?u=/SimpleNotificationService-f3ec.pem",
    ],
)
def test_a_certificate_of_anybody_else_is_not_even_fetched(amazon, url):
    with pytest.raises(WebhookRefused):
        read(amazon, amazon.notification(mail(), at=NOW, SigningCertURL=url))
    assert amazon.fetched == []


def test_a_topic_of_another_account_is_refused_and_so_is_an_old_message(amazon):
    with pytest.raises(WebhookRefused, match="topic"):
        read(amazon, amazon.notification(mail(), at=NOW), topic=TOPIC.replace("0123", "9999"))
    assert read(amazon, amazon.notification(mail(), at=NOW - 3_600)), "SNS repeats a message for an hour"
    with pytest.raises(WebhookRefused, match="old"):
        read(amazon, amazon.notification(mail(), at=NOW - 8_000))
    for body in (b"", b"[]", b"{}", b"\xff"):
        with pytest.raises(WebhookRefused):
            read(amazon, body)


def test_a_subscription_is_confirmed_at_amazon_alone(amazon):
    confirm(read(amazon, amazon.subscription(at=NOW)), amazon)
    assert amazon.fetched[-1].startswith("https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription")
    called = len(amazon.fetched)
    elsewhere = read(
        amazon, amazon.subscription(at=NOW, SubscribeURL="https://sns.us-east-1.amazonaws.com.evil.example/?")
    )
    with pytest.raises(WebhookRefused):
        confirm(elsewhere, amazon)
    assert len(amazon.fetched) == called + 1, "something else than the certificate was fetched"


def test_a_notification_without_the_mail_says_what_to_change(amazon):
    without = json.dumps({"notificationType": "Received", "receipt": {"action": {"type": "S3"}}})
    with pytest.raises(Invalid, match="must be SNS"):
        raw_mail(read(amazon, amazon.signed("Notification", at=NOW, Message=without)))
    tested = "Successfully validated SNS topic for Amazon SES event publishing."
    assert raw_mail(read(amazon, amazon.signed("Notification", at=NOW, Message=tested))) is None


def test_amazon_that_does_not_answer_posts_again():
    unreachable = Amazon(Guard(resolve=lambda host, port: ["127.0.0.1"]))
    with pytest.raises(WebhookPostponed):
        unreachable.certificate(CERTIFICATE)
