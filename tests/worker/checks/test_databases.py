"""Asking about a database does not make one."""

import pytest

from worker.checks.databases import is_missing, open_existing
from worker.errors import DatabaseUnavailable
from worker.settings import Settings


def test_a_database_file_that_is_not_there_is_not_made(tmp_path):
    settings = Settings(home=tmp_path / "home")
    assert is_missing(settings)
    with pytest.raises(DatabaseUnavailable):
        open_existing(settings)
    assert list(tmp_path.iterdir()) == []


def test_a_server_and_a_file_that_is_there_are_opened(tmp_path):
    assert not is_missing(Settings(database_url="postgresql+psycopg://127.0.0.1/none"))
    (tmp_path / "x.db").touch()
    settings = Settings(database_url=f"sqlite:///{tmp_path}/x.db")
    assert not is_missing(settings)
    open_existing(settings).close()
