"""Root, liveness and readiness: each component is checked on request."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.support import processes
from web import create_app
from worker.runtime.presence import Presence
from worker.settings import masked
from worker.store import migrate


def test_root_and_liveness_need_no_key(app):
    client = app.test_client()
    root = client.get("/").json
    assert root["name"] == "Answerback"
    assert root["links"]["docs"] == "/docs"
    assert root["status"] == "not ready"  # no worker is running
    assert client.get("/healthz").json == {"status": "alive"}


@pytest.mark.parametrize("key", [None, "Bearer wrong", "Basic eDp5"])
def test_root_hides_details_from_requests_without_a_key(app, key):
    root = app.test_client().get("/", headers={"Authorization": key} if key else {}).json
    assert set(root) == {"name", "status", "links"}


def test_root_shows_the_counters_of_the_process_to_a_key(app, services, settings):
    key = services.keys.make(services.keys.workspace(), name="desk", scopes=["read"])
    services.sessions.get("conv_unknown")
    client = app.test_client()
    client.post("/v1/tickets", json={"body": "Hello?"}, headers={"Authorization": f"Bearer {key}"})  # 403
    root = client.get("/", headers={"Authorization": f"Bearer {key}"}).json
    assert root["environment"] == "production"
    assert root["session_store"] == "redis"
    assert root["session_stats"]["misses"] >= 1
    assert {"hits", "misses", "evictions", "active"} <= set(root["session_stats"])
    services.counters.add("retries", 2)
    again = client.get("/", headers={"Authorization": f"Bearer {key}"}).json
    assert again["stats"]["retries"] - root["stats"].get("retries", 0) == 2


def test_root_shows_that_docs_are_disabled(settings):
    root = create_app(replace(settings, openapi=False)).test_client().get("/").json
    assert root["links"]["docs"] is None
    assert root["links"]["health"] == "/healthz"


def test_ready_needs_a_running_worker_and_shows_the_session_store(app, services, settings):
    client = app.test_client()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json["components"]["answer_workers"]["state"] == "down"
    state = ["working"]
    presence = Presence(services.store, holder="h", roles=("answer",), state=lambda: state[0])
    presence.report()
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json["status"] == "degraded"  # no callback worker is running
    components = response.json["components"]
    assert components["answer_workers"]["working"] == 1
    assert components["sessions"] | {"latency_ms": 0} == {
        "state": "up",
        "type": "redis",
        "address": masked(settings.redis),
        "prefix": f"{settings.redis_prefix}session:",
        "ttl_s": 86400.0,
        "encrypted": False,
        "latency_ms": 0,
        "needed": False,
    }
    assert all("latency_ms" in component for component in components.values())
    state[0] = "stalled"
    presence.report()
    response = client.get("/readyz")
    assert response.status_code == 503, "a stalled worker counts as working"
    assert response.json["components"]["answer_workers"]["stalled"] == 1
    presence.withdraw()
    assert client.get("/readyz").status_code == 503


def test_without_redis_the_service_is_degraded_and_stays_in_service(settings):
    """Accepting and answering continue, so a load balancer must not remove the front."""
    with processes.valkey() as url:
        app = create_app(replace(settings, redis_url=url))
    Presence(app.extensions["answerback"].store, holder="h", roles=("answer",), state=lambda: "cut_off").report()
    response = app.test_client().get("/readyz")
    assert (response.status_code, response.json["status"]) == (200, "degraded")
    assert response.json["components"]["redis"]["state"] == "down"


def test_each_component_reports_its_own_state(settings):
    with processes.valkey() as url:
        app = create_app(replace(settings, redis_url=url))
    components = app.test_client().get("/readyz").json["components"]
    assert components["redis"]["state"] == components["sessions"]["state"] == components["broker"]["state"] == "down"
    assert components["database"]["state"] == "up"


def test_tickets_are_accepted_without_redis(settings):
    with processes.valkey() as url:
        app = create_app(replace(settings, redis_url=url))
    headers = {"Authorization": f"Bearer {settings.api_key}"}
    response = app.test_client().post("/v1/tickets", json={"body": "x"}, headers=headers)
    assert response.status_code == 202


@pytest.mark.parametrize("path", ["/openapi.json", "/docs/"])
def test_the_api_description_can_be_disabled(app, settings, path):
    assert app.test_client().get(path).status_code == 200
    assert create_app(replace(settings, openapi=False)).test_client().get(path).status_code == 404


def test_the_description_is_openapi_3_1_with_callbacks_and_problems(app):
    spec = app.test_client().get("/openapi.json").json
    assert spec["openapi"] == "3.1.0"
    assert "message.answered" in spec["webhooks"]
    ticket = spec["paths"]["/v1/tickets"]["post"]
    assert "callbacks" in ticket
    refused = spec["components"]["responses"]
    assert len(refused) >= 12
    assert {kind for response in refused.values() for kind in response["content"]} == {"application/problem+json"}


def test_every_link_of_the_root_exists(call):
    for name, path in call("GET", "/").json["links"].items():
        assert path is not None, name
        assert call("GET", path).status_code in (200, 302, 303, 308, 503), name


def test_readiness_accepts_a_newer_schema_and_rejects_an_older_one(call, services):
    def at(version):
        with services.store.begin() as tx:
            tx.execute(sa.text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        return call("GET", "/readyz").json["components"]["database"]["state"]

    ours = migrate.head()
    try:
        assert [at("9999"), at("0001"), at(ours)] == ["up", "down", "up"]
    finally:
        at(ours)
