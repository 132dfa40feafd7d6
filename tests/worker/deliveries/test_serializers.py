"""Endpoints are shown without what signs and opens them, deliveries with what comes next."""

from dataclasses import replace

import pytest

from worker.deliveries import serializers, signing
from worker.states import ConnectionState, DeliveryKind, DeliveryState
from worker.store.rows import Attempt, Delivery, Destination, Endpoint

NOW = 1_000_000
ENDPOINT = Endpoint(
    id="ep_1",
    workspace_id="ws_1",
    url="https://desk.example",
    headers={"Authorization": "Bearer s3cret"},
    secret=signing.new_secret("hmac"),
    old_secret="whsec_old",
    old_until=NOW + 1,
    state=ConnectionState.ENABLED,
    created_at=0,
    updated_at=0,
)
DELIVERY = Delivery(
    id="whd_1",
    workspace_id="ws_1",
    kind=DeliveryKind.ENDPOINT,
    destination_id="ep_1",
    type="message.answered",
    url="https://desk.example",
    payload='{"a": 1}',
    state=DeliveryState.PENDING,
    attempts=2,
    round=0,
    lease_token=0,
    due_at=NOW,
    created_at=0,
)
FIRST = Attempt(id=1, workspace_id="ws_1", delivery_id="whd_1", number=1, started_at=0, duration_ms=5, status=500)
SECOND = replace(FIRST, id=2, number=2, status=None, error="timed out")


def test_secrets_and_the_values_of_headers_are_not_shown():
    shown = serializers.endpoint(ENDPOINT, None, now=NOW)
    assert shown["headers"] == {"Authorization": "…"}
    for secret in (ENDPOINT.secret, "whsec_old", "s3cret"):
        assert secret not in str(shown)


@pytest.mark.parametrize(("now", "is_shown"), [(NOW, True), (NOW + 1, False)])
def test_an_old_secret_and_an_open_circuit_are_shown_until_they_end(now, is_shown):
    circuit = Destination(
        id="ep_1", workspace_id="ws_1", failures=4, failing_since=NOW - 5, circuit_open_until=ENDPOINT.old_until
    )
    shown = serializers.endpoint(ENDPOINT, circuit, now=now)
    assert (shown["failures"], shown["failing_since"]) == (4, "1970-01-01T00:16:39.995Z")
    assert (shown["old_secret_until"] is not None, shown["circuit_open_until"] is not None) == (is_shown, is_shown)


@pytest.mark.parametrize(("state", "has_next"), [(DeliveryState.PENDING, True), (DeliveryState.EXHAUSTED, False)])
def test_a_delivery_that_has_ended_has_no_next_attempt(state, has_next):
    shown = serializers.delivery(replace(DELIVERY, state=state), None)
    assert (shown["next_attempt_at"] is not None) is has_next
    assert shown["last_attempt"] is None


def test_a_whole_delivery_has_its_payload_and_its_attempts_in_their_order():
    shown = serializers.whole_delivery(DELIVERY, [FIRST, SECOND])
    assert shown["payload"] == '{"a": 1}'
    assert [each["status"] for each in shown["all_attempts"]] == [500, None]
    assert shown["last_attempt"]["error"] == "timed out"
