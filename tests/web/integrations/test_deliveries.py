"""Deliveries and their replay, as clients see them."""

import json

from tests.web.calls import send_due


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


def test_deliveries_of_no_conversation_are_hinted_at_by_where_they_go(call, services, made, monkeypatch):
    hinted = []
    monkeypatch.setattr(services.hints, "send", hinted.append)

    sent = call("POST", f"/v1/endpoints/{made['id']}/test", json={"type": "document.ready"})
    send_due(services)
    call("POST", f"/v1/deliveries/{sent.json['id']}/replay")
    call("POST", f"/v1/endpoints/{made['id']}/recover", json={})

    assert hinted == [made["id"]] * 3


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
