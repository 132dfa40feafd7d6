"""The audit of requests."""

import re

from tests.support.stack import KEY
from tests.web.calls import submit
from web.http.auditing import NOT_OPERATORS


def kept(call):
    return call("GET", "/v1/audit").json["items"]


def test_actions_of_operators_are_audited_and_those_of_customers_are_not(call, services):
    made = submit(call)
    call("PUT", f"{made['links']['self']}/feedback", json={"rating": "good"})
    assert kept(call) == []
    conversation_id = made["conversation_id"]
    call("POST", f"/v1/conversations/{conversation_id}/handoff", json={}, headers={"X-Request-ID": "req-1"})
    added = call("POST", "/v1/documents", json={"title": "A", "text": "B."}).json
    found = kept(call)
    assert [(item["action"], item["subject"], item["via"], item["actor"]) for item in found] == [
        ("documents.add", added["id"], "api", "test"),
        ("conversations.hand_off", conversation_id, "api", "test"),
    ]
    assert found[1]["request_id"] == "req-1"
    assert found[1]["key_id"] == next(key["id"] for key in services.keys.all() if key["name"] == "test")


def test_rejected_requests_are_not_audited(call):
    assert call("POST", "/v1/conversations/conv_none/close").status_code == 404
    assert call("POST", "/v1/endpoints", json={"url": "ftp://x"}).status_code == 422
    assert kept(call) == []


def test_every_exempt_route_exists(app):
    changing = {rule.endpoint for rule in app.url_map.iter_rules() if rule.methods & {"POST", "PUT", "PATCH", "DELETE"}}
    assert changing >= NOT_OPERATORS


def test_logins_to_the_console_are_audited(app, call, services):
    services.keys.make(services.keys.workspace(), name="test", key=KEY)
    client = app.test_client()
    client.post("/console/login", data={"key": KEY})
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/console").text)[1]
    conversation_id = submit(call)["conversation_id"]
    client.post(f"/console/conversations/{conversation_id}/close", data={"csrf": csrf})
    client.post(f"/console/conversations/{conversation_id}/replies", data={"csrf": csrf, "content": "Too late."})
    client.post("/console/login", data={"key": "wrong"})
    assert [(item["action"], item["via"]) for item in kept(call)] == [
        ("console.close", "console"),
        ("console.enter", "console"),
    ]


def test_objects_created_in_the_console_are_named(app, call, services):
    services.keys.make(services.keys.workspace(), name="test", key=KEY)
    client = app.test_client()
    client.post("/console/login", data={"key": KEY})
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/console").text)[1]
    client.post("/console/keys", data={"csrf": csrf, "name": "desk", "scopes": "read"})
    client.post("/console/knowledge/texts", data={"csrf": csrf, "title": "A", "text": "B."})
    (document,) = call("GET", "/v1/documents").json["items"]
    assert [(item["action"], item["subject"]) for item in kept(call)[:2]] == [
        ("console.write", document["id"]),
        ("console.make_key", "desk"),
    ]
