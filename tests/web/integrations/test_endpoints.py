"""Endpoints and deliveries, as clients see them."""

import json

import pytest

from tests.support.receiver import Receiver
from worker.access.keys import Keys


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(settings):
    import dataclasses
    import ipaddress

    return dataclasses.replace(settings, callback_allow=(ipaddress.ip_network("127.0.0.0/8"),))


@pytest.fixture
def made(call, receiver):
    return call("POST", "/v1/endpoints", json={"url": receiver.url, "description": "the desk"}).json


def send_due(services):
    for destination in services.sender.due_destinations():
        transport = services.open_transport()
        while services.sender.send(destination, transport) is not None:
            pass
        transport.close()


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


def test_a_test_delivery_is_sent_and_shown_with_its_attempts(call, services, made, receiver):
    sent = call("POST", f"/v1/endpoints/{made['id']}/test", json={"type": "document.ready"})
    assert sent.status_code == 202
    receiver.responses = [(500, {})]
    send_due(services)
    delivery = call("GET", f"/v1/deliveries/{sent.json['id']}").json
    assert (delivery["state"], delivery["attempts"]) == ("pending", 1)
    (only,) = delivery["all_attempts"]
    assert (only["status"], only["address"]) == (500, "127.0.0.1")
    assert only["response"].startswith("thanks")
    assert json.loads(delivery["payload"])["data"]["example"] is True
    for query, count in (
        (f"endpoint={made['id']}", 1),
        ("status=5xx", 1),
        ("status=2xx", 0),
        ("type=document.ready", 1),
        ("state=delivered", 0),
        ("endpoint=ep_other", 0),
    ):
        assert len(call("GET", f"/v1/deliveries?{query}").json["items"]) == count, query
    assert call("POST", f"/v1/deliveries/{sent.json['id']}/replay").status_code == 202
    send_due(services)
    assert call("GET", f"/v1/deliveries/{sent.json['id']}").json["state"] == "delivered"
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"] == sent.json["id"]


def test_undelivered_events_are_recovered(call, services, made, receiver):
    for _ in range(3):
        call("POST", f"/v1/endpoints/{made['id']}/test", json={})
    receiver.responses = [(500, {"webhook-delivery": "abort-message"})] * 3
    send_due(services)
    assert len(call("GET", "/v1/deliveries?state=exhausted").json["items"]) == 3
    for bad in ({"since": "yesterday"}, {"since": "2026-01-01"}, {"since": "2026-01-01T00:00:00"}):
        assert call("POST", f"/v1/endpoints/{made['id']}/recover", json=bad).status_code == 422
    late = call("POST", f"/v1/endpoints/{made['id']}/recover", json={"since": "2999-01-01T00:00:00Z"})
    assert (late.status_code, late.json) == (202, {"replayed": 0})
    recovered = call("POST", f"/v1/endpoints/{made['id']}/recover")
    assert (recovered.status_code, recovered.json) == (202, {"replayed": 3})
    assert len(call("GET", recovered.headers["Location"]).json["items"]) == 3
    send_due(services)
    assert len(call("GET", "/v1/deliveries?state=delivered").json["items"]) == 3
    again = {"state": "delivered", "since": "2000-01-01T00:00:00Z", "type": "message.answered"}
    assert call("POST", "/v1/deliveries/replay", json=again).json == {"replayed": 3}
    assert call("POST", "/v1/deliveries/replay", json={"since": "2999-01-01T00:00:00Z"}).json == {"replayed": 0}


def test_a_secret_is_rotated_once_a_day(call, made):
    rotated = call("POST", f"/v1/endpoints/{made['id']}/rotate", json={}).json
    assert rotated["secret"] != made["secret"]
    assert rotated["old_secret_until"] is not None
    assert call("POST", f"/v1/endpoints/{made['id']}/rotate", json={}).status_code == 409


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
