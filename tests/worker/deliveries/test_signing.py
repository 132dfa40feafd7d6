"""Receivers verify the signatures with the libraries that they have."""

import base64
import time
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook

from tests.support.deliveries import enqueue_again, row_of
from tests.support.fakes import LOOPBACK, TableClock, accept
from worker.access.keys import Keys
from worker.deliveries import signing
from worker.deliveries.endpoints import GRACE_S, Endpoints
from worker.errors import Conflict, Invalid


def test_a_signature_is_the_published_vector():
    made = signing.headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_ed25519_signature_is_verified_with_the_public_key(store, workspace_id, desk, endpoints, receiver):
    made = endpoints.make(
        workspace_id, {"url": receiver.url, "events": ["conversation.resumed"], "signature": "ed25519"}
    )
    enqueue_again(store, accept(store, workspace_id)["conversation_id"], 1)
    desk.send_due()
    headers, body = receiver.got[0]
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1a"
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(made["public_key"].removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key.verify(base64.b64decode(signature), signed)
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(signature), signed + b" ")


def test_both_secrets_sign_after_a_rotation_and_the_old_one_for_a_day(store, workspace_id, desk, endpoints, receiver):
    made = endpoints.make(workspace_id, {"url": receiver.url, "events": ["conversation.resumed"]})
    rotated = endpoints.rotate(workspace_id, made["id"])
    assert rotated["secret"] != made["secret"]
    with pytest.raises(Conflict):
        endpoints.rotate(workspace_id, made["id"])
    with store.read() as connection:
        TableClock.advance(store, time.time() - store.now(connection) / 1000)
    endpoints_now = Endpoints(store, LOOPBACK)
    rotated = endpoints_now.rotate(workspace_id, made["id"])
    enqueue_again(store, accept(store, workspace_id)["conversation_id"], 1)
    desk.send_due()
    headers, body = receiver.got[0]
    sent = {name.lower(): value for name, value in headers.items()}
    assert len(sent["webhook-signature"].split()) == 2
    Webhook(rotated["secret"]).verify(body, sent)
    TableClock.advance(store, GRACE_S + 1)
    enqueue_again(store, accept(store, workspace_id)["conversation_id"], 1)
    desk.send_due()
    assert len(receiver.got[-1][0]["webhook-signature"].split()) == 1


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_????", "whsec_YWJj", "whsk_YWJj", "plain-text-secret-of-24-bytes!!"]
)
def test_a_malformed_secret_is_refused(workspace_id, endpoints, receiver, secret):
    with pytest.raises(Invalid):
        endpoints.make(workspace_id, {"url": receiver.url, "secret": secret})


def test_a_receiver_verifies_a_webhook_with_the_standard_library_for_it(
    store, workspace_id, desk, receiver, enqueued, monkeypatch
):
    with store.read() as connection:
        TableClock.advance(store, time.time() - store.now(connection) / 1000)
    # The database's clock signs: this machine's may be an hour off, and receivers refuse what is five minutes off.
    with monkeypatch.context() as wrong:
        wrong.setattr(time, "time", lambda: 0.0)
        desk.send_due()
    ((headers, body),) = receiver.got
    secret = Keys(store).callback_secret(workspace_id)
    event = Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})
    assert event["type"] == "message.answered"
    assert event["data"]["message"]["reply"]["content"] == "Yes."
    assert event["data"]["conversation"]["id"] == enqueued
    assert datetime.fromisoformat(event["timestamp"]).tzinfo == UTC
    assert len(body) < 20_000
    row = row_of(store)
    assert (row["state"], row["attempts"]) == ("delivered", 1)
    assert headers["webhook-id"] == row["id"]
