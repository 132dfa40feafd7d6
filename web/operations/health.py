"""Whether the product is well, without a key: root, liveness, readiness."""

import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import flask
from flask import Flask
from redis.exceptions import RedisError

from web.http.api import services
from web.http.auth import public
from worker.checks import reach_broker
from worker.errors import AnswerbackError, StartupFailed
from worker.runtime.presence import STATES, living
from worker.settings import Settings, masked
from worker.store import migrate

#: Without these nothing is answered. Without Redis or the broker, what is accepted is answered a little later.
_NEEDED = ("database", "answer_workers")

#: Workers in these states answer.
_ANSWERS = ("working", "cut_off", "lexical_only")


def init_app(app: Flask, settings: Settings) -> None:
    """Add the routes."""

    @app.get("/")
    @public
    def root() -> Any:
        found = components(settings)
        links = {"health": "/healthz", "readiness": "/readyz", "console": "/console"}
        if settings.openapi:
            links |= {"openapi": "/openapi.json", "docs": "/docs"}
        return {"name": "Answerback", "version": _version(), "well": _well(found), "links": links}

    @app.get("/healthz")
    @public
    def alive() -> Any:
        return {"status": "alive"}

    @app.get("/readyz")
    @public
    def ready() -> Any:
        found = components(settings)
        well = _well(found)
        degraded = any(component["state"] != "up" for component in found.values())
        status = "not ready" if not well else "degraded" if degraded else "ready"
        body = {"status": status, "components": found}
        return body, 200 if well else 503, {} if well else {"Retry-After": "2"}


def _version() -> str:
    try:
        return version("answerback")
    except PackageNotFoundError:
        return "0"


def _well(found: dict[str, dict[str, Any]]) -> bool:
    return all(found[name]["state"] != "down" for name in _NEEDED)


def components(settings: Settings) -> dict[str, dict[str, Any]]:
    """Ask each part now. A part that answers nothing is down, whatever another part says."""
    built = services()
    workers: list[dict[str, Any]] = []

    def database() -> dict[str, Any]:
        at = migrate.current(built.store)
        # A later version's tables are no reason to turn clients away: its migration goes before its processes.
        if at is None or (at != migrate.head() and at in migrate.known()):
            raise StartupFailed(f"The database is at version {at}: run `answerback migrate`.")
        workers.extend(living(built.store))
        return {"address": masked(settings.database)}

    def redis() -> dict[str, Any]:
        built.redis.ping()
        return {"address": masked(settings.redis)}

    def sessions() -> dict[str, Any]:
        built.sessions.health()
        return built.sessions.describe()

    def broker() -> dict[str, Any]:
        if settings.broker_url is not None and settings.broker != settings.redis:
            reach_broker(settings.broker, timeout_s=2)
        else:
            built.redis.ping()
        return {"address": masked(settings.broker)}

    found = {name: _asked(ask) for name, ask in (("database", database), ("redis", redis), ("sessions", sessions))}
    found["broker"] = _asked(broker)
    for role in ("answer", "callback", "ingest"):
        states = [worker["state"] for worker in workers if role in worker["roles"]]
        answering = {state for state in states if state in _ANSWERS}
        how = "down" if not answering else "degraded" if answering == {"lexical_only"} else "up"
        counts = {state: states.count(state) for state in STATES}
        found[f"{role}_workers"] = {"state": how, "count": len(states), **counts, "latency_ms": 0.0}
        if "lexical_only" in answering:
            found[f"{role}_workers"]["problem"] = "The embedding model is missing or damaged: run `answerback model`."
    for name, component in found.items():
        component["needed"] = name in _NEEDED
    return found


def _asked(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        told: dict[str, Any] = {"state": "up", **ask()}
    except (AnswerbackError, RedisError) as error:
        told = {"state": "down", "problem": str(error)}
    except Exception as error:  # noqa: BLE001 - each broker transport has its own exceptions
        flask.current_app.logger.warning("component down: %r", error)
        told = {"state": "down", "problem": type(error).__name__}
    return {**told, "latency_ms": round((time.perf_counter() - began) * 1000, 2)}
