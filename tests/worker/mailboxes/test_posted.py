"""Each provider posts in its own form; a mailbox takes that of providers that it was connected to, each mail once."""

import pytest

from tests.support.mails import mail
from tests.support.posting import TOPIC, FakeAmazon, SendGridSigner, basic, postmark_payload, sendgrid_body
from worker.errors import Invalid, NotFound
from worker.helpdesks.protocol import WebhookRefused
from worker.mailboxes.posted import PostedMail
from worker.store.tables import mail as mail_table

NOW = 1_795_771_800.0
BODY, _TYPE = sendgrid_body(mail())


@pytest.fixture
def amazon():
    return FakeAmazon()


@pytest.fixture
def posted(store, amazon):
    return PostedMail(store, amazon)


def test_each_mail_is_taken_once_whatever_provider_repeats_it(store, mailboxes, box, intake, amazon, posted):
    changes = {"ses_topic": TOPIC, "inbound_password": "inbound-pass"}
    mailboxes.change(box.workspace_id, box.id, changes)
    for _ in range(2):
        posted.ses(box.id, amazon.notification(mail("Hi", id="1@x"), at=NOW), now=NOW)
        posted.postmark(box.id, postmark_payload(mail("Hi", id="1@x")), basic("inbound-pass"))
        row = posted.check_sendgrid(box.id, BODY, {"authorization": basic("inbound-pass")}, now=NOW)
        posted.sendgrid(row, {"email": mail("Hi", id="1@x")})
    intake.drain(box.id)
    with store.read() as connection:
        states = sorted(connection.scalars(mail_table.select().with_only_columns(mail_table.c.state)))
    assert states.count("taken") == 1, states
    assert "received" not in states


def test_a_subscription_is_confirmed_and_is_no_mail(mailboxes, box, amazon, posted):
    mailboxes.change(box.workspace_id, box.id, {"ses_topic": TOPIC})
    posted.ses(box.id, amazon.subscription(at=NOW), now=NOW)
    assert "ConfirmSubscription" in amazon.fetched[-1]
    assert mailboxes.show(box.workspace_id, box.id)["mail"]["received"] == 0


def test_a_mailbox_takes_nothing_of_providers_that_it_is_not_connected_to(box, amazon, posted):
    for act in (
        lambda known: posted.ses(known, amazon.notification(mail(), at=NOW), now=NOW),
        lambda known: posted.postmark(known, postmark_payload(mail()), basic("")),
        lambda known: posted.check_sendgrid(known, BODY, {"authorization": basic("")}, now=NOW),
        lambda known: posted.mailgun(known, {}, now=NOW),
    ):
        for id in (box.id, "mbx_no"):
            with pytest.raises(NotFound):
                act(id)


def test_with_a_key_of_sendgrid_the_password_alone_does_not_do(mailboxes, box, posted):
    signer = SendGridSigner()
    changes = {"sendgrid_key": signer.public_key, "inbound_password": "inbound-pass"}
    mailboxes.change(box.workspace_id, box.id, changes)
    with pytest.raises(WebhookRefused):
        posted.check_sendgrid(box.id, BODY, {"authorization": basic("inbound-pass")}, now=NOW)
    headers = {name.lower(): value for name, value in signer.headers(BODY, at=NOW).items()}
    assert posted.check_sendgrid(box.id, BODY, headers, now=NOW).id == box.id
    with pytest.raises(Invalid):
        mailboxes.change(box.workspace_id, box.id, {"sendgrid_key": "no key"})


def test_the_password_of_the_url_is_stored_sealed_and_never_shown(mailboxes, box):
    shown = mailboxes.change(box.workspace_id, box.id, {"inbound_password": "inbound-pass"})
    assert "inbound-pass" not in str(shown)
    assert "inbound-pass" not in str(mailboxes.get(box.workspace_id, box.id).inbound_password)
