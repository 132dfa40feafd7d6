"""Root, liveness and readiness: routes that need no key."""

import time
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import flask
from flask import Flask
from redis.exceptions import RedisError

from web.http.api import services
from web.http.auth import has_key, public
from worker.checks import reach_broker
from worker.errors import AnswerbackError, StartupFailed
from worker.runtime.presence import STATES, live_workers
from worker.settings import Settings, masked
from worker.store import migrate

#: Nothing is answered without these components. Without Redis or the broker, answers take a little longer.
_NEEDED = ("database", "answer_workers")

#: The states in which a worker answers messages.
_ANSWERING = ("working", "cut_off", "lexical_only")


def init_app(app: Flask, settings: Settings) -> None:
    """Add the routes."""

    @app.get("/")
    @public
    def root() -> Any:
        return _root(settings, authenticated=has_key())

    @app.get("/healthz")
    @public
    def alive() -> Any:
        return {"status": "alive"}

    @app.get("/readyz")
    @public
    def ready() -> Any:
        found = components(settings)
        status = _status(found)
        body = {"status": status, "components": found}
        return (body, 503, {"Retry-After": "2"}) if status == "not ready" else (body, 200, {})


def _version() -> str:
    try:
        return version("answerback")
    except PackageNotFoundError:
        return "0"


def _root(settings: Settings, *, authenticated: bool) -> dict[str, Any]:
    """Return the body of `GET /`; version, environment and counters only with a key."""
    links = {
        "health": "/healthz",
        "readiness": "/readyz",
        "console": "/console",
        "openapi": "/openapi.json" if settings.openapi else None,
        "docs": "/docs" if settings.openapi else None,
        "metrics": "/metrics",
    }
    body = {"name": "Answerback", "status": _status(components(settings)), "links": links}
    if not authenticated:
        return body
    sessions = services().sessions
    try:
        statistics: dict[str, int] | None = asdict(sessions.statistics())
    except AnswerbackError:  # Redis is unavailable, as `status` shows
        statistics = None
    return body | {
        "version": _version(),
        "environment": settings.environment,
        "session_store": sessions.describe()["type"],
        "session_stats": statistics,
        "stats": services().counters.own(),
    }


def _status(found: dict[str, dict[str, Any]]) -> str:
    if any(found[name]["state"] == "down" for name in _NEEDED):
        return "not ready"
    return "ready" if all(component["state"] == "up" for component in found.values()) else "degraded"


def components(settings: Settings) -> dict[str, dict[str, Any]]:
    """Check each component now and return its state by name: `up`, `degraded` or `down`, with details."""
    deps = services()
    workers: list[dict[str, Any]] = []

    def database() -> dict[str, Any]:
        revision = migrate.current(deps.store)
        # An unknown, later version is accepted: an upgrade migrates the database before it replaces the processes.
        if revision is None or (revision != migrate.head() and revision in migrate.known()):
            raise StartupFailed(f"The database is at version {revision}: run `answerback migrate`.")
        workers.extend(live_workers(deps.store))
        return {"address": masked(settings.database)}

    def redis() -> dict[str, Any]:
        deps.redis.ping()
        return {"address": masked(settings.redis)}

    def sessions() -> dict[str, Any]:
        deps.sessions.health()
        return deps.sessions.describe()

    def broker() -> dict[str, Any]:
        if settings.broker_url is not None and settings.broker != settings.redis:
            reach_broker(settings.broker, timeout_s=2)
        else:
            deps.redis.ping()
        return {"address": masked(settings.broker)}

    checks = {"database": database, "redis": redis, "sessions": sessions, "broker": broker}
    found = {name: _checked(check) for name, check in checks.items()}
    for role in ("answer", "callback", "ingest"):
        states = [worker["state"] for worker in workers if role in worker["roles"]]
        answering = {state for state in states if state in _ANSWERING}
        state = "down" if not answering else "degraded" if answering == {"lexical_only"} else "up"
        counts = {name: states.count(name) for name in STATES}
        found[f"{role}_workers"] = {"state": state, "count": len(states), **counts, "latency_ms": 0.0}
        if "lexical_only" in answering:
            found[f"{role}_workers"]["problem"] = (
                "The embedding model is missing or damaged: run `answerback model export`."
            )
    for name, component in found.items():
        component["needed"] = name in _NEEDED
    return found


def _checked(check: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        result: dict[str, Any] = {"state": "up", **check()}
    except (AnswerbackError, RedisError) as error:
        result = {"state": "down", "problem": str(error)}
    except Exception as error:  # noqa: BLE001 - each broker transport has its own exceptions
        flask.current_app.logger.warning("component down: %r", error)
        result = {"state": "down", "problem": type(error).__name__}
    return {**result, "latency_ms": round((time.perf_counter() - began) * 1000, 2)}
