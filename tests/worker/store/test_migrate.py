"""A database is brought to the version of the code, and a process that finds an older one waits."""

import contextlib
import threading

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from tests.support.databases import move, rows, run
from tests.support.servers import postgresql_schema
from worker.store import migrate
from worker.store.engine import open_store


@pytest.fixture
def new(tmp_path):
    """A database without tables."""
    opened = open_store(f"sqlite:///{tmp_path / 'x.db'}")
    yield opened
    opened.close()


def test_an_upgrade_brings_an_empty_database_to_the_version_of_the_code_and_does_nothing_twice(new):
    assert migrate.current(new) is None
    migrate.upgrade(new)
    migrate.upgrade(new)
    assert migrate.current(new) == migrate.head()


def test_the_versions_are_those_that_alembic_reads():
    scripts = ScriptDirectory.from_config(migrate.config())
    assert migrate.head() == scripts.get_current_head()
    assert migrate.known() == {script.revision for script in scripts.walk_revisions()}


def test_every_version_on_the_way_is_known():
    assert {"0001", migrate.head()} <= migrate.known()
    assert "0000" not in migrate.known()


@pytest.mark.postgresql
def test_indexes_of_the_search_are_built_while_others_write_and_anew_where_that_was_interrupted():
    with postgresql_schema() as url:
        store = open_store(url.replace("postgresql://", "postgresql+psycopg://"))
        with contextlib.closing(store):
            move(store, command.upgrade, "head")
            assert _valid(store) == {}
            said: list[str] = []
            sa.event.listen(store.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
            migrate.upgrade(store)
            assert _valid(store) == {"ix_conversation_head": True, "ix_message_words": True}
            built = [text for text in said if text.startswith("CREATE")]
            assert len(built) == 2
            assert all(text.startswith("CREATE INDEX CONCURRENTLY") for text in built)
            run(store, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass('ix_message_words')")
            run(store, "DROP INDEX ix_conversation_head")
            migrate.upgrade(store)
            assert _valid(store) == {"ix_conversation_head": True, "ix_message_words": True}


def _valid(store):
    """Return whether the indexes of the search may be used, by name."""
    found = "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
    names = "relname IN ('ix_conversation_head', 'ix_message_words')"
    return dict(rows(store, f"{found} WHERE {names} AND relnamespace = current_schema()::regnamespace"))


def test_a_process_that_starts_first_waits_until_another_has_migrated(new):
    move(new, command.upgrade, "0001")
    assert not migrate.wait_until_migrated(new, timeout_s=0.0)
    migrating = threading.Timer(0.3, migrate.upgrade, [new])
    migrating.start()
    assert migrate.wait_until_migrated(new, timeout_s=60.0)
    migrating.join()
