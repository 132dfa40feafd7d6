"""The database as checks open it: one that is a file is not made by asking for it."""

from pathlib import Path

from sqlalchemy import make_url

from worker.errors import DatabaseUnavailable
from worker.settings import Settings
from worker.store.engine import Store, open_store


def is_missing(settings: Settings) -> bool:
    """Whether the database is a file that does not exist."""
    url = make_url(settings.database)
    is_file = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    return is_file and not Path(str(url.database)).exists()


def open_existing(settings: Settings) -> Store:
    """Open the database with one connection.

    Raises:
        DatabaseUnavailable: it is a file that does not exist.
    """
    if is_missing(settings):
        raise DatabaseUnavailable(cause="there is no such file")
    return open_store(settings.database, pool_size=1)
