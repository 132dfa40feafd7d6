"""Connections, transactions and the clock that decides."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from worker.errors import DatabaseAway

_BUSY_MS = 10_000


class now_ms(GenericFunction[int]):  # noqa: N801 - named as it reads in SQL
    """Milliseconds since 1970 UTC by the database's clock, read when the statement runs."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(now_ms, "sqlite")
def _sqlite_now(_element: Any, _compiler: Any, **_options: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)"


@compiles(now_ms, "postgresql")
def _postgresql_now(_element: Any, _compiler: Any, **_options: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


class Clock(Protocol):
    """What time it is, as SQL."""

    def sql(self) -> sa.ColumnElement[int]:
        """Return an expression for now, in ms since 1970 UTC."""
        ...


class DatabaseClock:
    """The clock of the database server: the same for every process, whatever its own clock says."""

    def sql(self) -> sa.ColumnElement[int]:
        return now_ms()


class Store:
    """A database; safe to share between threads, not across a fork."""

    def __init__(self, engine: sa.Engine, *, clock: Clock | None = None) -> None:
        self.engine = engine
        self.clock = clock or DatabaseClock()
        self.is_sqlite = engine.dialect.name == "sqlite"
        # SQLite lets one connection write; queueing for it here costs microseconds, SQLite's own wait milliseconds.
        self._turn = threading.Lock() if self.is_sqlite else None

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a transaction that may write; it commits unless the block raises.

        Raises:
            DatabaseAway: the database cannot be reached, or is locked for too long.
        """
        with _classified():
            if self._turn is None:
                with self.engine.begin() as connection:
                    yield connection
                return
            with self.engine.connect().execution_options(answerback_write=True) as connection, self._turn, connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction that only reads.

        Raises:
            DatabaseAway: the database cannot be reached.
        """
        with _classified(), self.engine.connect() as connection:
            yield connection

    def now(self, connection: sa.Connection) -> int:
        """Return the time, in ms since 1970 UTC."""
        return int(connection.execute(sa.select(self.clock.sql())).scalar_one())

    def close(self) -> None:
        """Close every idle connection."""
        self.engine.dispose()


@contextmanager
def _classified() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise DatabaseAway(cause=str(error).splitlines()[0]) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseAway(cause=str(error).splitlines()[0]) from error
        raise


def open_store(url: str, *, pool_size: int = 10, clock: Clock | None = None) -> Store:
    """Return a store for a SQLAlchemy URL; connects on first use."""
    options: dict[str, Any] = {"json_serializer": _dumps, "pool_size": pool_size, "max_overflow": pool_size}
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": _BUSY_MS / 1000, "check_same_thread": False}
        options["pool_timeout"] = 10
    else:
        options |= {"pool_pre_ping": True, "pool_timeout": 5, "connect_args": {"connect_timeout": 3}}
    engine = sa.create_engine(url, **options)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _configure_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return Store(engine, clock=clock)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _configure_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets readers go on while one writes; FULL keeps what was committed through a power cut (0.2 ms here)."""
    connection.isolation_level = None  # transactions are begun below, explicitly
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    """Take the write lock at once: a read lock that must be upgraded fails instead of waiting."""
    writes = connection.get_execution_options().get("answerback_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
