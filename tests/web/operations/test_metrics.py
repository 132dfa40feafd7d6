"""Metrics: values of all processes, few labels, access; and the alerts and panels that use them."""

import dataclasses
import json
import re

import promql_parser
import pytest
import yaml
from celery import Celery
from prometheus_client.parser import text_string_to_metric_families

from tests.support.fakes import answer
from tests.support.processes import ROOT
from tests.web.calls import submit
from tests.web.conftest import Client
from web import create_app
from web.operations.metrics import GAUGES, PREFIX
from worker.conversations.outcomes import Handoff
from worker.services.worker import build_worker
from worker.telemetry.counters import BUCKETS_S, COUNTED, NAMES, TIMED, Counters
from worker.turns.drainer import WorkspaceParts

_ID = re.compile(r"\b(?:msg|conv|key|ws|esc|ep|whd|doc)_[0-9a-f]{8}")


def samples(text: str) -> dict:
    """Return the samples: (name, labels) -> value."""
    return {
        (sample.name.removeprefix(PREFIX), tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(call, services) -> dict:
    services.counters.flush()
    response = call.client.get("/metrics")
    assert response.status_code == 200
    assert response.content_type.startswith("text/plain; version=")
    assert not _ID.search(response.text)
    return samples(response.text)


def test_metrics_have_counters_and_the_backlog(call, services):
    submit(call)
    made = submit(call)
    services.mailbox.finish(
        services.mailbox.claim(made["conversation_id"]), Handoff(reason="rule", summary="!", priority="urgent")
    )
    services.counters.add("retries", 3)
    found = scraped(call, services)
    assert found["open_messages", (("state", "queued"),)] == 1
    assert found["open_escalations", (("priority", "urgent"), ("state", "open"))] == 1
    assert found["retries_total", ()] == 3
    assert found["redis_up", ()] == 1
    labels = (("method", "POST"), ("route", "/v1/tickets"), ("status", "202"))
    assert found["requests_total", labels] == 2
    assert found["request_seconds_count", (("route", "/v1/tickets"),)] == 2
    assert found["request_seconds_bucket", (("le", "+Inf"), ("route", "/v1/tickets"))] == 2
    assert 0 < found["request_seconds_sum", (("route", "/v1/tickets"),)] < 60


def test_queued_hints_are_counted_if_the_broker_is_redis(call, services):
    """Celery itself publishes the hints of this test."""
    services.redis.delete(*services.redis.keys(f"{services.settings.redis_prefix}celery:*") or ["none"])
    app = Celery(broker=services.settings.broker)
    app.conf.broker_transport_options = {"global_keyprefix": f"{services.settings.redis_prefix}celery:"}
    app.conf.task_ignore_result = True
    for _ in range(3):
        app.send_task("answerback.test", queue="callback")
    app.close()
    found = scraped(call, services)
    assert found["queued_hints", (("queue", "callback"),)] == 3
    assert found["queued_hints", (("queue", "answer"),)] == 0


def test_every_metric_exists_from_the_start(call, services):
    text = call.client.get("/metrics").text
    for name in (*NAMES, *COUNTED, *TIMED, *GAUGES):
        assert f"# HELP {PREFIX}{name}" in text, name


def test_processes_add_up_and_restarts_reset_nothing(store):
    for _ in range(2):
        counters = Counters(store, every_s=60)
        counters.add("model_cost_usd", 0.25, model="good")
        for seconds in (0.001, 0.3, 9_999):
            counters.observe("turn_seconds", seconds, stage="search")
        counters.flush()
    found = Counters(store).samples()
    assert found["model_cost_usd", 'model="good"'] == 0.5
    assert found["turn_seconds_bucket", 'le="0.005",stage="search"'] == 2
    assert found["turn_seconds_bucket", 'le="+Inf",stage="search"'] == 2
    assert found["turn_seconds_sum", 'stage="search"'] == pytest.approx(20_000, abs=5)
    assert list(BUCKETS_S) == sorted(BUCKETS_S)


def test_label_values_are_escaped(call, services):
    services.counters.add("model_calls", model='x"} evil\n# HELP,' + "y" * 200, result="answered")
    found = scraped(call, services)
    assert [key for key in found if "model_calls" in key[0]] == [
        ("model_calls_total", (("model", ("x} evil# HELP" + "y" * 200)[:60]), ("result", "answered")))
    ]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_metrics_through_a_proxy_need_a_key(call, services, header):
    assert call.client.get("/metrics", headers={header: "203.0.113.7"}).status_code == 401
    assert call("GET", "/metrics", headers={header: "203.0.113.7"}).status_code == 200
    reader = services.keys.make(services.keys.workspace(), name="reader", scopes=["read"])
    assert Client(call.client, reader)("GET", "/metrics", headers={header: "x"}).status_code == 403


def test_metrics_of_a_server_on_a_public_address_need_a_key(settings):
    app = create_app(dataclasses.replace(settings, host="0.0.0.0"))
    try:
        assert app.test_client().get("/metrics").status_code == 401
    finally:
        app.extensions["answerback"].close(timeout_s=0.1)


def test_metrics_are_served_without_redis(settings):
    app = create_app(dataclasses.replace(settings, redis_url="redis://127.0.0.1:1/0"))
    try:
        assert f"{PREFIX}redis_up 0.0" in app.test_client().get("/metrics").text
    finally:
        app.extensions["answerback"].close(timeout_s=0.1)


def expressions() -> list[tuple[str, str]]:
    rules = yaml.safe_load((ROOT / "monitoring" / "alerts.yml").read_text())["groups"]
    board = json.loads((ROOT / "monitoring" / "dashboard.json").read_text())
    alerts = [(rule["alert"], rule["expr"]) for group in rules for rule in group["rules"]]
    return alerts + [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel["targets"]]


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_alerts_and_panels_use_existing_metrics(where, expression):
    promql_parser.parse(expression)
    known = {f"{PREFIX}{name}_total" for name in (*NAMES, *COUNTED)} | {f"{PREFIX}{name}" for name in GAUGES}
    known |= {f"{PREFIX}{name}_{part}" for name in TIMED for part in ("bucket", "sum", "count")}
    asked = set(re.findall(rf"{PREFIX}\w+", expression))
    assert asked, where
    assert asked <= known
    labels = {name: labels for name, (_help, labels) in GAUGES.items()}
    labels |= {f"{name}_total": metric.labels for name, metric in COUNTED.items()}
    labels |= {f"{name}_bucket": (*metric.labels, "le") for name, metric in TIMED.items()}
    for name, given in re.findall(rf"{PREFIX}(\w+)\{{([^}}]*)\}}", expression):
        assert set(re.findall(r"(\w+)\s*[=!]", given)) <= set(labels[name])


def test_every_alert_has_a_summary_and_a_severity():
    for group in yaml.safe_load((ROOT / "monitoring" / "alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in ("info", "warning", "critical")
            assert rule["annotations"]["summary"]


def test_a_turn_is_measured(call, services, models):
    made = submit(call)
    outcome = dataclasses.replace(answer("Yes."), timings={"search_ms": 7.0, "check_ms": 2.0, "cached": 1.0})
    from tests.support.fakes import FakeAgent

    worker = build_worker(services.settings, roles=("answer",))
    drainer = dataclasses.replace(
        worker.answering.drainer, parts_of=lambda _workspace_id: WorkspaceParts(agent=FakeAgent(outcome))
    )
    drainer.drain(made["conversation_id"])
    worker.common.close()
    found = scraped(call, services)
    assert found["messages_total", (("outcome", "answered"), ("reason", ""))] == 1
    assert found["turn_seconds_count", (("stage", "search"),)] == 1
    assert found["turn_seconds_bucket", (("le", "0.01"), ("stage", "search"))] == 1
    assert found["turn_wait_seconds_count", ()] == 1
