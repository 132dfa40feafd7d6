"""A database is brought to the version of the code, and a process that finds an older one waits."""

import threading

import pytest
from alembic import command

from tests.support.databases import move
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


def test_every_version_on_the_way_is_known():
    assert {"0001", migrate.head()} <= migrate.known()
    assert "0000" not in migrate.known()


def test_a_process_that_starts_first_waits_until_another_has_migrated(new):
    move(new, command.upgrade, "0001")
    assert not migrate.wait_until_migrated(new, timeout_s=0.0)
    migrating = threading.Timer(0.3, migrate.upgrade, [new])
    migrating.start()
    assert migrate.wait_until_migrated(new, timeout_s=60.0)
    migrating.join()
