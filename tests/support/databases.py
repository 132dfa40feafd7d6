"""Empty databases of this version: migrated once per process of tests, then copied (SQLite) or emptied (PostgreSQL).

That migrating works is shown by tests/worker/store and by every test with real processes.
"""

import atexit
import contextlib
import functools
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.config import Config

from worker.store import migrate
from worker.store.engine import Store, open_store
from worker.store.tables import metadata


@functools.cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="answerback-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    store = open_store(f"sqlite:///{folder / 'migrated.db'}")
    migrate.upgrade(store)
    template = folder / "template.db"
    with contextlib.closing(sqlite3.connect(folder / "migrated.db")) as migrated:
        migrated.execute("VACUUM INTO ?", [str(template)])  # all in one file, also what is in the write-ahead log
    store.close()
    with contextlib.closing(sqlite3.connect(template)) as copied:
        copied.execute("PRAGMA journal_mode=WAL")  # each copy is in this mode when it is opened
    return template


def copy_migrated(path: Path) -> None:
    """Put an empty SQLite database of this version where there is none yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_template(), path)


@functools.cache
def _frozen_template(at: int) -> Path:
    path = _template().with_name(f"frozen-{at}.db")
    copy_migrated(path)
    with contextlib.closing(sqlite3.connect(path)) as copied:
        copied.execute("CREATE TABLE test_clock (ms BIGINT)")
        copied.execute("INSERT INTO test_clock VALUES (?)", [at])
        copied.commit()
    return path


def copy_frozen(path: Path, *, at: int) -> None:
    """Put an empty SQLite database of this version, with the row of a `TableClock`, where there is none yet."""
    if not path.exists():
        shutil.copyfile(_frozen_template(at), path)


def move(store: Store, step: Callable[[Config, str], None], revision: str) -> None:
    """Bring a database to a revision: `step` is `alembic.command.upgrade` or `downgrade`."""
    configuration = migrate.config()
    with store.begin() as tx:
        configuration.attributes |= {"connection": tx, "sealing": store.sealing}
        step(configuration, revision)


def run(store: Store, *statements: str) -> None:
    """Run SQL in one transaction, without this version's tables."""
    with store.begin() as tx:
        for statement in statements:
            tx.exec_driver_sql(statement)


def rows(store: Store, statement: str) -> list[tuple[Any, ...]]:
    """Return what SQL selects, without this version's tables."""
    with store.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


@functools.cache
def _warm_connection(url: str) -> sa.Connection:
    """Migrate a PostgreSQL database; return a connection that empties it, and keeps the plans of that."""
    store = open_store(url)
    migrate.upgrade(store)
    store.close()
    connection = sa.create_engine(url).connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS test_clock (ms BIGINT)")
    statements = "; ".join(str(table.delete()) for table in reversed(metadata.sorted_tables))
    connection.exec_driver_sql(
        "CREATE OR REPLACE FUNCTION test_empty(at BIGINT) RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
        f"{statements}; DELETE FROM test_clock; INSERT INTO test_clock VALUES (at); END $$"
    )
    return connection


def empty_frozen(url: str, *, at: int) -> None:
    """Have a PostgreSQL database of this version, empty but for the row of a `TableClock`."""
    _warm_connection(url).execute(sa.text("SELECT test_empty(:at)"), {"at": at})


def store_reply(store: Store) -> None:
    """Store a workspace, a conversation and its reply `r` as versions from migration 0017 on do."""
    run(
        store,
        "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)",
        "INSERT INTO conversation (id, workspace_id, owner, next_seq, history, mailbox, lease_token, abort,"
        " created_at, updated_at) VALUES ('c', 'w', 'bot', 3, 0, 'idle', 0, false, 1, 1)",
        "INSERT INTO reply (id, workspace_id, conversation_id, content, citations, support, answerer,"
        " prompt_tokens, completion_tokens, cost_usd, created_at)"
        " VALUES ('r', 'w', 'c', 'By card.', '[]', 1, 'llm', 0, 0, 0, 1)",
    )
