"""Checks before anything listens, and for `doctor` and readiness: each part is really asked.

A failure is one sentence that says what to do.
"""

from collections.abc import Sequence

from worker.checks.answering import (
    embedding_endpoint,
    language_model,
    mail,
    model,
    rules,
    snapshot,
    support_model,
    tools,
)
from worker.checks.check import Check, Finding, require, run
from worker.checks.parts import (
    broker,
    clock,
    database,
    home,
    port_free,
    reach_broker,
    redis,
    served,
    space,
    valkey_binary,
    workers,
)
from worker.settings import Settings

__all__ = [
    "Check",
    "Finding",
    "broker",
    "database",
    "for_doctor",
    "for_web",
    "for_worker",
    "home",
    "model",
    "port_free",
    "reach_broker",
    "redis",
    "require",
    "run",
    "snapshot",
    "valkey_binary",
]

#: A worker waits this long for another process to finish a migration.
_MIGRATION_S = 30.0


def for_worker(settings: Settings, roles: Sequence[str]) -> list[Check]:
    """Return the start-up checks of a worker that consumes `roles`."""
    checks = [home(settings), database(settings, wait_s=_MIGRATION_S), redis(settings), broker(settings)]
    if "ingest" in roles:
        checks.append(model(settings))
    if "answer" in roles:  # without the model it answers by words, and says so
        checks += [snapshot(settings), rules(settings), tools(settings)]
    return checks


def for_web(settings: Settings) -> list[Check]:
    """Return the start-up checks of the web server, which accepts messages also while Redis is unavailable."""
    return [database(settings, wait_s=_MIGRATION_S)]


def for_doctor(settings: Settings) -> list[Check]:
    """Return everything that can be asked from outside."""
    checks = [
        home(settings),
        space(settings),
        database(settings),
        clock(settings),
        redis(settings),
        broker(settings),
        model(settings),
        support_model(settings),
        snapshot(settings),
        rules(settings),
        tools(settings),
        served("web", settings.host, settings.port),
        *(workers(settings, role) for role in ("answer", "callback", "ingest")),
        served("flower", settings.flower_host, settings.flower_port),
    ]
    if settings.embedding_url is not None:
        checks.append(embedding_endpoint(settings))
    if settings.chosen_answerer == "llm":
        checks.append(language_model(settings))
    if settings.smtp_url is not None:
        checks.append(mail(settings))
    if settings.embedded_redis:
        checks.append(Check(name="valkey", run=lambda: valkey_binary().name, why="It is the embedded Redis."))
    return checks
