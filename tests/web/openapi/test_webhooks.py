"""Every event that is sent is described, with the form that it has."""

import json

import jsonschema

from web.openapi.webhooks import MESSAGE_EVENTS, callback, webhooks
from worker.deliveries.outbox import TYPES, webhook_body


def _schema(webhook):
    return webhook["post"]["requestBody"]["content"]["application/json"]["schema"]


def test_each_type_of_event_is_a_webhook_of_its_own():
    described = webhooks()
    assert list(described) == list(TYPES)
    assert all(_schema(described[name])["properties"]["type"]["enum"] == [name] for name in TYPES)
    assert len({webhook["post"]["operationId"] for webhook in described.values()}) == len(TYPES)


def test_a_body_that_is_sent_has_the_form_that_is_described():
    body = json.loads(webhook_body("snapshot.published", {"snapshot": {"version": "2"}}, at=1_000))
    jsonschema.validate(body, _schema(webhooks()["snapshot.published"]))


def test_a_callback_url_receives_the_ends_of_messages():
    (to_url,) = callback().values()
    assert _schema(to_url)["properties"]["type"]["enum"] == list(MESSAGE_EVENTS)
