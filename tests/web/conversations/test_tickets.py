"""Tickets: accepted at once, and clear refusals that leave nothing behind."""

import json

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
        ({"body": "\x00\x07"}, 422, "body"),
        ({"body": "", "subject": " "}, 422, "body"),
        ({"body": "x", "external_id": "\x1b[31m"}, 422, "external_id"),
        ({"body": "x", "email_headers": {"Auto-Submitted": 7}}, 422, "email_headers.Auto-Submitted.value"),
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


def test_no_message_is_refused_for_its_characters(call):
    data = rb'{"body": "\u001b[31mError\u001b[0m \u0000 half \ud83d"}'
    response = call("POST", "/v1/tickets", data=data, content_type="application/json")
    assert response.status_code == 202, response.text
    assert response.json["content"] == "Error  half "


def test_a_subject_alone_is_a_ticket(call):
    assert call("POST", "/v1/tickets", json={"subject": "Do you ship to Norway?", "body": ""}).status_code == 202


def test_a_ticket_of_automatic_mail_is_accepted_and_ends_at_once(call):
    ticket = {"body": "Noted.", "email_headers": {"Auto-Submitted": "auto-replied"}}
    response = call("POST", "/v1/tickets", json=ticket)
    assert (response.status_code, response.json["state"]) == (202, "cancelled")
    assert response.json["error"]["code"] == "automatic_message"
    retried = call("POST", f"/v1/messages/{response.json['id']}/retry")
    assert (retried.status_code, retried.json["state"]) == (202, "queued")
    assert retried.json["error"] is None


def _bulk(call, *lines, **headers):
    body = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return call("POST", "/v1/tickets/bulk", data=body, content_type="application/x-ndjson", headers=headers)


def test_each_line_of_many_tickets_has_its_own_result(call, services):
    done = _bulk(call, {"body": "One"}, "", '{"body": ', {"body": "Two", "x": 1}, {"body": ""}, {"body": "Three"})
    assert (done.status_code, done.json["accepted"], done.json["refused"]) == (200, 2, 3)
    assert [(item["line"], item["status"]) for item in done.json["items"]] == [
        (1, 202),
        (3, 400),
        (4, 422),
        (5, 422),
        (6, 202),
    ]
    assert done.json["items"][2]["error"]["errors"] == [{"field": "x", "message": "Unknown field."}]
    assert done.json["items"][4]["message"]["content"] == "Three"
    assert rows(services, conversation) == 2


def test_many_tickets_that_are_sent_again_are_accepted_once(call, services):
    lines = ({"body": "One"}, {"body": "Two", "idempotency_key": "mine"})
    key = {"Idempotency-Key": "import-7"}
    first, again = _bulk(call, *lines, **key).json, _bulk(call, *lines, **key).json
    assert [item["message"]["id"] for item in again["items"]] == [item["message"]["id"] for item in first["items"]]
    moved = _bulk(call, lines[1], {"body": "Other"}).json["items"]
    assert moved[0]["message"]["id"] == first["items"][1]["message"]["id"]
    changed = _bulk(call, {"body": "Changed"}, **key).json["items"][0]
    assert (changed["status"], changed["error"]["code"]) == (422, "idempotency_mismatch")
    assert rows(services, conversation) == 3


def test_a_request_that_is_no_list_of_tickets_accepts_none(call, services):
    for body, type, status in (
        ("", "application/x-ndjson", 422),
        ("\n \n", "application/x-ndjson", 422),
        ('{"body": "x"}', "application/json", 415),
        ('{"body": "x"}\n' * 1_001, "application/x-ndjson", 422),
    ):
        refused = call("POST", "/v1/tickets/bulk", data=body, content_type=type)
        assert refused.status_code == status, (body[:20], type)
    assert rows(services, conversation) == 0


def test_conversations_of_a_customer_are_found_by_id_and_by_e_mail_address(call):
    kari = {"id": "4711", "email": "Kari@Customer.example"}
    for requester in (kari, {"email": "ola@customer.example"}, {"id": "9"}):
        call("POST", "/v1/tickets", json={"body": "Hi", "requester": requester})
    for customer, count in (("4711", 1), ("kari@customer.example", 1), ("9", 1), ("ola@customer.example", 1), ("x", 0)):
        assert len(call("GET", f"/v1/conversations?customer={customer}").json["items"]) == count, customer
