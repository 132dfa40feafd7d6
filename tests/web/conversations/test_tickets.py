"""Tickets: accepted at once, and clear refusals that leave nothing behind."""

import pytest

from tests.web.calls import rows
from worker.store.tables import conversation


def test_a_ticket_is_accepted_with_location_and_retry_after(call):
    response = call("POST", "/v1/tickets", json={"body": "Hi", "subject": "S", "requester": {"name": "Zoë"}})
    assert response.status_code == 202
    made = response.json
    assert response.headers["Location"] == f"/v1/messages/{made['id']}" == made["links"]["self"]
    assert int(response.headers["Retry-After"]) >= 1
    assert made["state"] == "queued"
    assert made["author"] == "Zoë"
    conversation = call("GET", f"/v1/conversations/{made['conversation_id']}").json
    assert conversation["subject"] == "S"
    assert conversation["owner"] == "bot"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "body"),
        ({"body": ""}, 422, "body"),
        ({"body": " \n\t "}, 422, "body"),
        ({"body": "x" * 20_001}, 422, "body"),
        ({"body": 7}, 422, "body"),
        ({"body": None}, 422, "body"),
        ({"body": "x", "nonsense": 1}, 422, "nonsense"),
        ({"body": "bell \x07"}, 422, "body"),
        ({"body": "nul \x00"}, 422, "body"),
        ({"body": "x", "requester": {"name": "\x1b[31m"}}, 422, "requester.name"),
        ({"body": "x", "deadline_s": 0}, 422, "deadline_s"),
        ({"body": "x", "deadline_s": "soon"}, 422, "deadline_s"),
        ({"body": "x", "deadline_s": True}, 422, "deadline_s"),
        ({"body": "x", "callback_url": "ftp://x"}, 422, "callback_url"),
        ({"body": "x", "callback_url": "https://127.0.0.1/x"}, 422, None),
        ({"body": "x", "metadata": {"a": "b" * 20_000}}, 422, "metadata"),
        ([], 422, None),
        ("text", 422, None),
    ],
)
def test_invalid_input_names_the_field_and_stores_nothing(call, services, body, status, field):
    response = call("POST", "/v1/tickets", json=body)
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    problem = response.json
    assert problem["status"] == status
    assert problem["code"]
    assert problem["request_id"] == response.headers["X-Request-ID"]
    if field:
        assert field in [error["field"] for error in problem["errors"]]
    assert rows(services, conversation) == 0
