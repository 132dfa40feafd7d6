"""Prometheus metrics: counters and histograms of all processes, which SQL sums, and gauges of the present state.

Every web process returns the same values, so one target is enough, and nothing is lost when a process ends.
"""

import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress

import flask
from flask import Flask, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from web.http.api import services
from web.http.auth import public
from worker.errors import KeyRefused
from worker.runtime.presence import STATES, live_workers
from worker.runtime.status import backlog
from worker.services.front import Front
from worker.settings import Settings
from worker.store.engine import Store
from worker.telemetry.counters import BUCKETS_S, COUNTED, NAMES, TIMED, Counters, Key

PREFIX = "answerback_"
QUEUES = ("answer", "callback", "ingest")

#: Gauges, measured at each scrape: help text and labels by name.
GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "open_messages": ("messages that have not ended", ("state",)),
    "oldest_unanswered_seconds": ("age of the oldest message that has not ended; 0 when none waits", ()),
    "open_escalations": ("escalations that are not closed", ("state", "priority")),
    "pending_deliveries": ("deliveries that have not succeeded or been given up", ()),
    "overdue_deliveries": ("pending deliveries that are due now", ()),
    "open_circuits": ("destinations whose circuit is open after failures", ()),
    "unread_documents": ("documents that are not indexed yet", ()),
    "workers": ("running worker processes", ("role", "state")),
    "leases": ("conversations that workers hold a lease on", ()),
    "queued_hints": ("hints in the broker, if it is Redis", ("queue",)),
    "redis_up": ("1 if Redis responds, else 0", ()),
}

_PAIR = re.compile(r'([a-z_]+)="([^"]*)"')


def init_app(app: Flask, settings: Settings) -> None:
    """Add `/metrics`, which needs an admin key unless the request comes from this machine and through no proxy."""

    @app.get("/metrics")
    @public
    def metrics() -> Response:
        if not _is_private(settings):
            _require_admin()
        registry = CollectorRegistry()
        registry.register(_collector(services()))
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _is_private(settings: Settings) -> bool:
    """Whether the request can only come from this machine."""
    if any(name in flask.request.headers for name in ("Forwarded", "X-Forwarded-For", "Via", "X-Real-IP")):
        return False
    return _is_loopback(settings.host) and _is_loopback(flask.request.remote_addr or "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _require_admin() -> None:
    scheme, _, key = flask.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise KeyRefused("From another machine, metrics need a key with the scope `admin`.")
    if "admin" not in services().keys.check(key.strip()).scopes:
        flask.abort(403, description="This key lacks the scope `admin`.")


def _collector(front: Front) -> Collector:
    prefix = f"{front.settings.redis_prefix}celery:"
    return _Metrics(front.counters, front.store, front.redis, front.broker_redis, celery_prefix=prefix)


class _Metrics(Collector):
    """The metrics; `celery_prefix` is that of Celery's keys in the broker, as in celeryconfig.py."""

    def __init__(
        self, counters: Counters, store: Store, redis: Redis, broker: Redis | None, *, celery_prefix: str
    ) -> None:
        self._counters = counters
        self._store = store
        self._redis = redis
        self._broker = broker
        self._celery_prefix = celery_prefix

    def collect(self) -> Iterator[Family]:
        samples = self._counters.samples()
        yield from _counted(samples)
        yield from _timed(samples)
        yield from self._gauges()

    def _gauges(self) -> Iterator[Family]:
        values: dict[str, list[tuple[tuple[str, ...], float]]] = {name: [] for name in GAUGES}
        waiting = backlog(self._store)
        values["open_messages"] = [((state,), count) for state, count in waiting.open_messages.items()]
        values["oldest_unanswered_seconds"] = [((), waiting.oldest_unanswered_s)]
        values["open_escalations"] = list(waiting.open_escalations.items())
        for name in ("pending_deliveries", "overdue_deliveries", "open_circuits", "unread_documents"):
            values[name] = [((), getattr(waiting, name))]
        self._workers(values)
        self._probe_redis(values)
        for name, (help, labels) in GAUGES.items():
            family = GaugeMetricFamily(PREFIX + name, help, labels=labels)
            for given, value in values[name]:
                family.add_metric(given, value)
            yield family

    def _workers(self, values: dict[str, list[tuple[tuple[str, ...], float]]]) -> None:
        alive = live_workers(self._store)
        for role in QUEUES:
            for state in STATES:
                count = sum(role in worker["roles"] and worker["state"] == state for worker in alive)
                values["workers"].append(((role, state), count))
        values["leases"].append(((), sum(worker["leases"] for worker in alive)))

    def _probe_redis(self, values: dict[str, list[tuple[tuple[str, ...], float]]]) -> None:
        try:
            self._redis.ping()
            values["redis_up"].append(((), 1))
        except RedisError:
            values["redis_up"].append(((), 0))
        if self._broker is not None:
            with suppress(RedisError):
                for queue in QUEUES:
                    values["queued_hints"].append(((queue,), self._broker.llen(self._celery_prefix + queue)))


def _counted(samples: dict[Key, float]) -> Iterator[Family]:
    help_of = {**NAMES, **{name: metric.help for name, metric in COUNTED.items()}}
    for name, help in help_of.items():
        labels = COUNTED[name].labels if name in COUNTED else ()
        family = CounterMetricFamily(PREFIX + name, help, labels=labels)
        for (sampled, text), value in samples.items():
            if sampled == name:
                given = dict(_PAIR.findall(text))
                family.add_metric([given.get(label, "") for label in labels], value)
        yield family


def _timed(samples: dict[Key, float]) -> Iterator[Family]:
    bounds = [*(f"{bound:g}" for bound in BUCKETS_S), "+Inf"]
    for name, metric in TIMED.items():
        family = HistogramMetricFamily(PREFIX + name, metric.help, labels=metric.labels)
        counts: defaultdict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
        sums: dict[tuple[str, ...], float] = {}
        for (sampled, text), value in samples.items():
            if sampled in (f"{name}_bucket", f"{name}_sum"):
                given = dict(_PAIR.findall(text))
                labels = tuple(given.get(label, "") for label in metric.labels)
                if sampled.endswith("_sum"):
                    sums[labels] = value
                else:
                    counts[labels][given["le"]] = value
        for labels, found in counts.items():
            total, buckets = 0.0, []
            for bound in bounds:
                total += found.get(bound, 0.0)
                buckets.append((bound, total))
            family.add_metric(list(labels), buckets, sum_value=sums.get(labels, 0.0))
        yield family
