"""URLs reach logs without secrets, and files are found whatever their folder is called."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from worker.settings.urls import masked, sqlite_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://u:hunter2@h:1/0?password=hunter2", "redis://h:1/0"),
        ("postgresql://db/x?user=a&password=hunter2", "postgresql://db/x"),
        ("redis://:p@ss@host", "redis://host"),
        ("sqlite:////var/x.db", "sqlite:////var/x.db"),
        ("redis://u:hunter2@[::1]:6379/0", "redis://[::1]:6379/0"),
        ("redis://u:hunter2@h:port/0", "redis://h/0"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url, expected):
    assert masked(url) == expected


@pytest.mark.parametrize("folder", ["plain", "with space", "50%", "a?b", "ä#c"])
def test_a_file_in_any_folder_is_opened(tmp_path, folder):
    path = tmp_path / folder / "x.db"
    path.parent.mkdir()
    engine = sa.create_engine(sqlite_url(path))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER)")
    engine.dispose()
    assert path.exists()
    assert sqlite_url(Path("/var/x.db")) == "sqlite:////var/x.db"
