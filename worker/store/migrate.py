"""Bring a database to the version of this code.

Every process compares versions when it starts, so that loads no Alembic: migrating alone does.
"""

import functools
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.store.engine import Store
from worker.store.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"

#: Names this product's advisory lock in PostgreSQL: two processes must not migrate at once.
_LOCK = 4_281_733

#: The same, for building indexes.
_BUILD_LOCK = 4_281_734

#: How every migration says its own revision and the one before it.
_REVISION = re.compile(r"""^(down_)?revision = (?:['"](\w+)['"]|None)$""", re.MULTILINE)


def config() -> "Config":
    """Return Alembic's configuration, without a database."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(_FOLDER))
    settings.set_main_option("path_separator", "os")
    return settings


def upgrade(store: Store) -> None:
    """Run every migration that is missing, in one transaction, then build the indexes that would lock a table long."""
    if current(store) != head():
        _run_missing(store)
    if not store.is_sqlite:
        _build_indexes(store)


def _run_missing(store: Store) -> None:
    from alembic import command

    settings = config()
    with store.begin() as tx:
        if not store.is_sqlite:
            tx.execute(sa.text("SELECT pg_advisory_xact_lock(:name)"), {"name": _LOCK})
        settings.attributes |= {"connection": tx, "sealing": store.sealing}
        command.upgrade(settings, "head")


def _build_indexes(store: Store) -> None:
    """Build those indexes that are marked as built concurrently, while others write; searches are slow without them.

    One that was interrupted is left invalid, and is built anew.
    """
    indexes = [index for table in metadata.sorted_tables for index in table.indexes]
    valid = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()  # closing it returns the lock
        if not connection.execute(sa.text("SELECT pg_try_advisory_lock(:name)"), {"name": _BUILD_LOCK}).scalar():
            return  # another process builds them
        connection.execute(sa.text("SET lock_timeout = 0"))  # it waits for the transactions of others
        for index in indexes:
            if not index.dialect_options["postgresql"]["concurrently"]:
                continue
            if not connection.execute(valid, {"name": index.name}).scalar():
                connection.execute(sa.schema.DropIndex(index, if_exists=True))
                connection.execute(sa.schema.CreateIndex(index))


def current(store: Store) -> str | None:
    """Return the version that a database is at; None when it is empty."""
    with store.read() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def head() -> str:
    """Return the version that this code needs: the one that no migration follows."""
    (newest,) = _before().keys() - set(_before().values())
    return newest


def known() -> set[str]:
    """Return every version that this code can bring to its own."""
    return set(_before())


@functools.cache
def _before() -> dict[str, str | None]:
    """Return the revision before each, as the files of the migrations say it."""
    before = {}
    for path in (_FOLDER / "versions").glob("*.py"):
        said = {bool(down): revision or None for down, revision in _REVISION.findall(path.read_text(encoding="utf-8"))}
        before[str(said[False])] = said[True]
    return before


def wait_until_migrated(store: Store, *, timeout_s: float) -> bool:
    """Return whether the database reaches this code's version in time; another process may be migrating it."""
    ends = time.monotonic() + timeout_s
    while current(store) != head():
        if time.monotonic() >= ends:
            return False
        time.sleep(0.2)
    return True
