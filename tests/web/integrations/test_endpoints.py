"""Endpoints, as clients see them."""

import json

import pytest

from tests.web.calls import send_due
from worker.access.keys import Keys


def test_an_endpoint_is_created_listed_changed_and_deleted(call, made, receiver):
    assert made["secret"].startswith("whsec_")
    assert (made["state"], made["events"], made["signature"]) == ("enabled", None, "hmac")
    endpoint = call("GET", f"/v1/endpoints/{made['id']}").json
    assert "secret" not in endpoint
    assert endpoint == {name: value for name, value in made.items() if name != "secret"}
    assert call("GET", "/v1/endpoints").json["items"] == [endpoint]
    changed = call(
        "PATCH", f"/v1/endpoints/{made['id']}", json={"events": ["document.ready"], "rate_limit": "5/minute"}
    )
    assert (changed.json["events"], changed.json["rate_limit"]) == (["document.ready"], "5/minute")
    assert call("DELETE", f"/v1/endpoints/{made['id']}").status_code == 204
    assert call("GET", f"/v1/endpoints/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "not a url"}, "url"),
        ({"url": "https://desk.example", "events": ["message.asked"]}, "events"),
        ({"url": "https://desk.example", "events": []}, "events"),
        ({"url": "https://desk.example", "rate_limit": "fast"}, "rate_limit"),
        ({"url": "https://desk.example", "rate_limit": "0/second"}, "rate_limit"),
        ({"url": "https://desk.example", "secret": "short"}, "secret"),
        ({"url": "https://desk.example", "headers": {"Host": "x"}}, "headers"),
        ({"url": "https://desk.example", "signature": "md5"}, "signature"),
        ({"url": "https://desk.example", "colour": "red"}, "colour"),
    ],
)
def test_invalid_input_names_the_field(call, body, field):
    answered = call("POST", "/v1/endpoints", json=body)
    assert answered.status_code == 422
    assert field in json.dumps(answered.json)


def test_a_private_address_is_rejected_on_creation_and_change(call, made):
    for url in ("https://10.0.0.1/", "https://169.254.169.254/latest", "http://desk.example/", "https://[::1]:9/"):
        assert call("POST", "/v1/endpoints", json={"url": url}).status_code == 422
        assert call("PATCH", f"/v1/endpoints/{made['id']}", json={"url": url}).status_code == 422


def test_a_secret_is_rotated_once_a_day(call, made):
    rotated = call("POST", f"/v1/endpoints/{made['id']}/rotate", json={}).json
    assert rotated["secret"] != made["secret"]
    assert rotated["old_secret_until"] is not None
    assert call("POST", f"/v1/endpoints/{made['id']}/rotate", json={}).status_code == 409


def test_the_private_key_of_an_endpoint_is_never_returned(call, receiver):
    made = call("POST", "/v1/endpoints", json={"url": receiver.url, "signature": "ed25519"}).json
    rotated = call("POST", f"/v1/endpoints/{made['id']}/rotate", json={}).json
    shown = call("GET", f"/v1/endpoints/{made['id']}").json
    assert made["public_key"].startswith("whpk_")
    assert made["public_key"] != rotated["public_key"] == shown["public_key"]
    for returned in (made, rotated, shown):
        assert "secret" not in returned
        assert "whsk_" not in json.dumps(returned)


def test_a_disabled_endpoint_receives_nothing(call, services, made, receiver):
    assert call("PATCH", f"/v1/endpoints/{made['id']}", json={"state": "disabled"}).json["state"] == "disabled"
    conversation_id = call("POST", "/v1/conversations", json={}).json["id"]
    call("POST", f"/v1/conversations/{conversation_id}/close")
    send_due(services)
    assert receiver.got == []
    assert call("POST", f"/v1/endpoints/{made['id']}/test", json={}).status_code == 409


def test_an_endpoint_receives_events_of_conversations(call, services, made, receiver):
    conversation_id = call("POST", "/v1/conversations", json={"subject": "Parcel"}).json["id"]
    call("POST", f"/v1/conversations/{conversation_id}/messages", json={"content": "Where is it?"})
    call("POST", f"/v1/conversations/{conversation_id}/handoff", json={"summary": "Mine."})
    call("POST", f"/v1/conversations/{conversation_id}/resume")
    call("POST", f"/v1/conversations/{conversation_id}/close")
    send_due(services)
    callbacks = [json.loads(body) for _headers, body in receiver.got]
    assert [item["type"] for item in callbacks] == [
        "message.handed_off",
        "conversation.handed_off",
        "conversation.resumed",
        "conversation.closed",
    ]
    assert [item["data"]["conversation"]["owner"] for item in callbacks] == ["human", "human", "bot", "closed"]
    assert all(item["data"]["conversation"]["id"] == conversation_id for item in callbacks)


def test_endpoints_and_deliveries_of_another_workspace_are_not_found(call, services, made, receiver, app):
    keys = Keys(services.store)
    other = keys.make(keys.workspace("other"), name="other")
    theirs = {"headers": {"Authorization": f"Bearer {other}"}}
    client = app.test_client()
    assert client.get(f"/v1/endpoints/{made['id']}", **theirs).status_code == 404
    assert client.get("/v1/endpoints", **theirs).json["items"] == []
    for path in ("rotate", "test"):
        assert client.post(f"/v1/endpoints/{made['id']}/{path}", json={}, **theirs).status_code == 404
    assert client.patch(f"/v1/endpoints/{made['id']}", json={}, **theirs).status_code == 404
    assert client.delete(f"/v1/endpoints/{made['id']}", **theirs).status_code == 404
