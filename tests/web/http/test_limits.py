"""Rate limits: per key, with and without Redis."""

import redis

from tests.web.conftest import Client
from web.http.limits import LeasingRedisStorage


def test_rate_limits_are_reported_and_enforced_per_key(settings, models):
    from dataclasses import replace

    from web import create_app

    app = create_app(replace(settings, rate_limit="5/minute"))
    call = Client(app.test_client())
    left = []
    for _ in range(5):
        response = call("GET", "/v1/conversations")
        assert response.headers["RateLimit-Policy"] == '"default";q=5;w=60'
        left.append(response.headers["RateLimit"].split(";")[1])
    assert left == ["r=4", "r=3", "r=2", "r=1", "r=0"]
    refused = call("GET", "/v1/conversations")
    assert (refused.status_code, refused.json["code"]) == (429, "rate_limited")
    assert refused.json["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert app.test_client().get("/healthz").status_code == 200


def test_without_redis_the_limit_covers_all_routes_and_exempts_probes(settings, models, capsys):
    from dataclasses import replace

    from web import create_app

    app = create_app(replace(settings, rate_limit="3/minute", redis_url="redis://127.0.0.1:1/0"))
    call = Client(app.test_client())
    paths = ("/v1/conversations", "/v1/documents", "/v1/endpoints", "/v1/deliveries", "/v1/snapshots")
    assert [call("GET", path).status_code for path in paths] == [200, 200, 200, 429, 429]
    for path in ("/healthz", "/", "/openapi.json"):
        assert app.test_client().get(path).status_code == 200
    assert "Failed to rate limit" not in capsys.readouterr().out


def test_a_request_succeeds_although_redis_fails_after_it_was_accepted(call, monkeypatch):
    """The message is committed, so a 500 would mislead the client."""

    def silent(_self, _key):
        raise redis.exceptions.TimeoutError("Timeout reading from socket")

    monkeypatch.setattr(LeasingRedisStorage, "get_expiry", silent)
    accepted = call("POST", "/v1/tickets", json={"body": "How do I reset my password?"})
    assert accepted.status_code == 202
    assert "RateLimit" not in accepted.headers
    monkeypatch.undo()
    assert "RateLimit" in call("GET", "/v1/conversations").headers
