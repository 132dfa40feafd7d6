"""Connections, transactions and the clock that decides."""

import fcntl
import json
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Protocol, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from worker import compat, states
from worker.errors import DatabaseUnavailable
from worker.secret_box import SecretBox
from worker.store.sealing import Sealing

T = TypeVar("T")

#: How long a writer waits for a stranger that has SQLite's lock; our own writers take turns before they ask for it.
_BUSY_MS = 1_000

#: How long a statement waits for a row that another transaction holds, on PostgreSQL.
_LOCK_MS = 5_000

#: A server that is gone is noticed in seconds, not in the hours that TCP allows (libpq, 34.1.2).
_POSTGRESQL = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_MAX_TOGETHER = 64

#: Connections that a process keeps open; as many more may be opened for a while.
POOL_SIZE = 10

#: The same in a process that answers: its turns, the renewal of their leases and the sweeper share them.
ANSWERING_POOL_SIZE = 16

#: Seconds that a transaction may stay open between two statements, as long as a lock is waited for. Only building an
#: index needs longer: it may keep a reading transaction open for minutes.
MAX_IDLE_S = 5.0


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
    """The database's clock, as SQL."""

    def sql(self) -> sa.ColumnElement[int]:
        """Return an expression for now, in ms since 1970 UTC."""
        ...


class DatabaseClock:
    """The clock of the database server: the same for every process, whatever its own clock says."""

    def sql(self) -> sa.ColumnElement[int]:
        return now_ms()


class _Turn:
    """One's turn to write to a SQLite file, among the threads of all processes.

    SQLite lets one connection write, and lets the others poll with growing pauses; a lock that is passed on at once
    costs microseconds instead (measured: p99 of accepting 690 ms with the polling, 100 ms without).
    """

    def __init__(self, path: str | None) -> None:
        self.threads = threading.Lock()
        self._path = f"{path}.turn" if path and path != ":memory:" else None
        self._file: int | None = None

    def __enter__(self) -> None:
        self.threads.acquire()
        try:
            self.take_file()
        except DatabaseUnavailable:
            self.threads.release()
            raise

    def __exit__(self, *_error: object) -> None:
        self.leave_file()
        self.threads.release()

    def take_file(self) -> None:
        """Wait for the other processes; the caller holds `threads`."""
        if self._path is not None:
            if self._file is None:
                try:
                    self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                except OSError as error:
                    raise DatabaseUnavailable(cause=str(error)) from error
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def leave_file(self) -> None:
        """Let the other processes."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file."""
        with self.threads:
            if self._file is not None:
                os.close(self._file)
                self._file = None


class _Job:
    """A piece of work for `Store.submit`, and what became of it."""

    def __init__(self, work: Callable[[sa.Connection], Any]) -> None:
        self._work = work
        self._value: Any = None
        self._error: Exception | None = None
        self.done = False

    def run(self, connection: sa.Connection, *, alone: bool) -> None:
        if alone:
            self._value = self._work(connection)
            return
        connection.exec_driver_sql("SAVEPOINT job")
        try:
            self._value = self._work(connection)
        except Exception as error:  # noqa: BLE001 - raised to who submitted it
            self._error = error
            connection.exec_driver_sql("ROLLBACK TO job")
        connection.exec_driver_sql("RELEASE job")

    def fail(self, error: Exception) -> None:
        self._error = error

    def outcome(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._value


class Store:
    """A database; safe to share between threads, not across a fork. `secret_box` encrypts the secrets in it."""

    def __init__(self, engine: sa.Engine, *, clock: Clock | None = None, secret_box: SecretBox | None = None) -> None:
        self.engine = engine
        self.sealing = Sealing(secret_box)
        self.clock = clock or DatabaseClock()
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._turn = _Turn(engine.url.database) if self.is_sqlite else None
        self._jobs: deque[_Job] = deque()
        self._write_connection: sa.Connection | None = None

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Open a transaction that may write; it commits unless the block raises.

        Raises:
            DatabaseUnavailable: the database cannot be reached, or is locked for too long.
        """
        with _classified():
            if self._turn is None:
                with self.engine.begin() as connection:
                    yield connection
            else:
                with self._turn, self._writer() as connection:
                    yield connection

    @contextmanager
    def _writer(self) -> Iterator[sa.Connection]:
        """Open a transaction on the one connection that writes to SQLite; the caller holds the turn."""
        if self._write_connection is None:
            self._write_connection = self.engine.connect().execution_options(answerback_write=True)
        try:
            with self._write_connection.begin():
                yield self._write_connection
        except sa.exc.DBAPIError:
            self._write_connection.close()
            self._write_connection = None
            raise

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction that only reads.

        Raises:
            DatabaseUnavailable: the database cannot be reached.
        """
        with _classified(), self.engine.connect() as connection:
            yield connection

    def submit(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a transaction that is committed when this returns; for small writes that come in crowds.

        On SQLite, calls that wait at the same time share one transaction, each in a savepoint of its own: taking turns
        at the file's lock and syncing it cost more than the writes (measured: 220 against 900 tickets/s). What `work`
        raises undoes its own writes only, and is raised here.

        Raises:
            DatabaseUnavailable: the database cannot be reached, or is locked for too long; nothing was written.
        """
        if self._turn is None:
            with self.begin() as tx:
                return work(tx)
        job = _Job(work)
        self._jobs.append(job)
        with self._turn.threads:
            while not job.done:  # one that is done was run by whoever had the turn before
                try:
                    self._turn.take_file()
                except DatabaseUnavailable:
                    self._jobs.remove(job)  # its caller is told that nothing was written, so nobody may run it later
                    raise
                try:
                    self._run_jobs()
                finally:
                    self._turn.leave_file()
        return cast(T, job.outcome())

    def _run_jobs(self) -> None:
        """Run what has waited longest; the caller holds the turn."""
        jobs = [self._jobs.popleft() for _ in range(min(len(self._jobs), _MAX_TOGETHER))]
        try:
            with _classified(), self._writer() as connection:
                for job in jobs:
                    job.run(connection, alone=len(jobs) == 1)
        except Exception as error:  # noqa: BLE001 - raised to who submitted them
            for job in jobs:
                job.fail(error)
        except BaseException:
            for job in jobs:
                job.fail(DatabaseUnavailable(cause="interrupted"))
            raise
        finally:
            for job in jobs:
                job.done = True

    def now(self, connection: sa.Connection) -> int:
        """Return the time, in ms since 1970 UTC."""
        return int(connection.execute(sa.select(self.clock.sql())).scalar_one())

    def close(self) -> None:
        """Close every idle connection."""
        if self._turn is not None:
            with self._turn:
                if self._write_connection is not None:
                    self._write_connection.close()
                    self._write_connection = None
            self._turn.close()
        self.engine.dispose()


@contextmanager
def _classified() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise DatabaseUnavailable(cause=str(error).splitlines()[0]) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseUnavailable(cause=str(error).splitlines()[0]) from error
        raise


class Prepared:
    """An INSERT or UPDATE, compiled once and run on the driver itself: a third of the cost of `execute`.

    `run` takes a value for each of `names`: the columns of an INSERT, the parameters of an UPDATE. With `returning` the
    statement gives rows back, as the driver has them.
    """

    def __init__(self, statement: sa.Insert | sa.Update, names: Iterable[str], dialect: sa.Dialect) -> None:
        given = set(names)
        columns = sorted(given) if isinstance(statement, sa.Insert) else None
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        self._sql = str(compiled)
        self._is_positional = compiled.positiontup is not None
        self._names = tuple(compiled.positiontup or compiled.params)
        self._constants = {name: value for name, value in compiled.params.items() if name not in given}
        processors = compat.bind_processors(compiled)
        self._processors = [
            (at, processors[name]) for at, name in enumerate(self._names) if callable(processors.get(name))
        ]

    def run(self, connection: sa.Connection, values_by_name: Mapping[str, Any]) -> sa.CursorResult[Any]:
        """Run the statement once."""
        known = {**values_by_name, **self._constants} if self._constants else values_by_name
        values = [known[name] for name in self._names]
        for at, process in self._processors:
            values[at] = process(values[at])
        parameters = tuple(values) if self._is_positional else dict(zip(self._names, values, strict=True))
        return connection.exec_driver_sql(self._sql, parameters)


def open_store(
    url: str,
    *,
    pool_size: int = POOL_SIZE,
    clock: Clock | None = None,
    idle_s: float | None = None,
    secret_box: SecretBox | None = None,
) -> Store:
    """Return a store for a SQLAlchemy URL; connects on first use.

    On PostgreSQL, a lock is waited for for a few seconds, and a transaction whose process fell asleep is ended by the
    server after `idle_s` seconds, so that nobody waits for it for ever. `secret_box` encrypts the secrets in it.
    """
    options: dict[str, Any] = {"json_serializer": _dumps, "pool_size": pool_size, "max_overflow": pool_size}
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": _BUSY_MS / 1000, "check_same_thread": False}
        options["pool_timeout"] = 10
    else:
        options |= {"pool_pre_ping": True, "pool_timeout": 5, "connect_args": _POSTGRESQL}
    engine = sa.create_engine(url, **options)
    if engine.dialect.name == "sqlite":
        _adapt_enumerations()
        sa.event.listen(engine, "connect", _configure_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    else:
        sa.event.listen(engine, "connect", lambda connection, _record: _configure_postgresql(connection, idle_s))
    return Store(engine, clock=clock, secret_box=secret_box)


def _configure_postgresql(connection: Any, idle_s: float | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {_LOCK_MS}")
        if idle_s is not None:
            cursor.execute(f"SET idle_in_transaction_session_timeout = {int(idle_s * 1000)}")
    connection.commit()


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    """WAL lets readers go on while one writes; FULL keeps what was committed through a power cut (0.2 ms here)."""
    connection.isolation_level = None  # transactions are begun below, explicitly
    _use_wal(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _adapt_enumerations() -> None:
    """Have `sqlite3` bind the members of enumerations as the strings that they are.

    It would do so anyway, after three look-ups that fail: half of the time that binding the value takes.
    """
    for members in vars(states).values():
        if isinstance(members, type) and issubclass(members, StrEnum):
            sqlite3.register_adapter(members, str.__str__)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Set the mode of a file; SQLite does not wait, whatever its timeout, where two do it to a new one at once."""
    ends = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= ends:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: sa.Connection) -> None:
    """Take the write lock at once: a read lock that must be upgraded fails instead of waiting."""
    writes = connection.get_execution_options().get("answerback_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
