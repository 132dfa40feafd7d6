"""Webhooks of the service are accepted, and nothing else is."""

import json
import time
from datetime import UTC, datetime

import pytest
from answerback_client import errors, webhooks
from werkzeug.datastructures import Headers

from worker.deliveries import signing

BODY = json.dumps({"type": "message.answered", "data": {"message": {"content": "Grüße"}}}, ensure_ascii=False).encode()


def signed(*secrets: str, at: float | None = None, body: bytes = BODY) -> dict[str, str]:
    return signing.headers(secrets, id="whd_1", timestamp=int(time.time() if at is None else at), body=body)


@pytest.fixture
def secret() -> str:
    return signing.new_secret()


@pytest.mark.parametrize("body", [BODY, BODY.decode(), bytearray(BODY)], ids=["bytes", "text", "bytearray"])
def test_a_webhook_of_the_service_is_returned_with_its_id_time_and_event(secret, body):
    webhook = webhooks.verify(body, signed(secret, at=time.time() - 5), secret)
    assert webhook.id == "whd_1"
    assert abs((datetime.now(UTC) - webhook.sent_at).total_seconds() - 5) < 3
    assert webhook.event["type"] == "message.answered"


def test_headers_are_found_in_any_case_and_as_a_framework_has_them(secret):
    headers = {name.upper(): value for name, value in signed(secret).items()}
    webhooks.verify(BODY, headers, secret)
    webhooks.verify(BODY, Headers(list(headers.items())), secret)


def test_both_sides_can_change_their_secret_at_any_time(secret):
    newer = signing.new_secret()
    webhooks.verify(BODY, signed(newer, secret), secret)
    webhooks.verify(BODY, signed(secret), [newer, secret])


def test_public_keys_verify_what_an_ed25519_endpoint_gets(secret):
    private = signing.new_secret("ed25519")
    public = signing.public_key(private)
    webhooks.verify(BODY, signed(private), public)
    webhooks.verify(BODY, signed(private), [secret, public])
    with pytest.raises(errors.InvalidSignature):
        webhooks.verify(BODY + b" ", signed(private), public)
    with pytest.raises(errors.InvalidSignature):
        webhooks.verify(BODY, signed(secret), public)


@pytest.mark.parametrize(
    "changed",
    [
        lambda headers: {**headers, "webhook-id": "whd_2"},
        lambda headers: {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)},
        lambda headers: {**headers, "webhook-timestamp": "soon"},
        lambda headers: {**headers, "webhook-timestamp": "²"},
        lambda headers: {**headers, "webhook-timestamp": "1" * 400},
        lambda headers: {**headers, "webhook-timestamp": "1" * 5_000},
        lambda headers: {**headers, "webhook-timestamp": headers["webhook-timestamp"] + "\n"},
        lambda headers: {**headers, "webhook-signature": headers["webhook-signature"][3:]},
        lambda headers: {**headers, "webhook-signature": headers["webhook-signature"].replace("v1,", "v1a,")},
        lambda headers: {**headers, "webhook-signature": "v1,"},
        lambda headers: {**headers, "webhook-signature": "v1,not base64 at all"},
        lambda headers: {name: value for name, value in headers.items() if name != "webhook-signature"},
        lambda headers: {},
    ],
)
def test_anything_that_was_changed_is_refused(secret, changed):
    with pytest.raises(errors.InvalidSignature):
        webhooks.verify(BODY, changed(signed(secret)), secret)


def test_another_body_another_secret_and_another_time_are_refused(secret):
    for body, headers in (
        (BODY + b" ", signed(secret)),
        (BODY, signed(signing.new_secret())),
        (BODY, signed(secret, at=time.time() - 400)),
        (BODY, signed(secret, at=time.time() + 400)),
        (b"not json", signed(secret, body=b"not json")),
    ):
        with pytest.raises(errors.InvalidSignature):
            webhooks.verify(body, headers, secret)
    webhooks.verify(BODY, signed(secret, at=time.time() - 400), secret, tolerance_s=600)


@pytest.mark.parametrize(
    "wrong",
    ["", "whsec_", "whsec_*", "secret", "whpk_AAAA", pytest.param(signing.new_secret("ed25519"), id="private key")],
)
def test_a_secret_that_is_none_is_a_mistake_of_the_program_and_not_of_the_sender(secret, wrong):
    with pytest.raises(ValueError, match=r"whsec_|public_key"):
        webhooks.verify(BODY, signed(secret), wrong)
