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
    return template


def copy_migrated(path: Path) -> None:
    """Put an empty SQLite database of this version where there is none yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_template(), path)


def move(store: Store, step: Callable[[Config, str], None], revision: str) -> None:
    """Bring a database to a revision: `step` is `alembic.command.upgrade` or `downgrade`."""
    configuration = migrate.config()
    with store.begin() as tx:
        configuration.attributes["connection"] = tx
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


def empty(store: Store) -> None:
    """Delete all rows of a database that an earlier test filled."""
    statements = (str(table.delete()) for table in reversed(metadata.sorted_tables))
    with store.begin() as tx:
        tx.exec_driver_sql("; ".join(statements))  # in one round trip


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
