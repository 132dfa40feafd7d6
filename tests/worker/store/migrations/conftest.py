import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import postgresql_schema
from worker.store.engine import Store, open_store


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without tables, of each kind."""
    with contextlib.ExitStack() as exits:
        url = f"sqlite:///{tmp_path / 'old.db'}"
        if request.param == "postgresql":
            url = exits.enter_context(postgresql_schema()).replace("postgresql://", "postgresql+psycopg://")
        opened = open_store(url)
        exits.callback(opened.close)
        yield opened
