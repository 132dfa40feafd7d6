import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.shop import Shop
from kb.embedding import OnnxEmbedder
from kb.export import DEFAULT_MODEL
from tests.support import processes
from tests.support.desk import TOKEN
from tests.support.fakes import frozen_store
from tests.support.models import exported_models
from tests.support.servers import postgresql_schema
from worker.access.keys import Keys
from worker.store.engine import Store


@pytest.fixture(scope="session")
def models() -> Path:
    """The exported embedding model."""
    return exported_models()


@pytest.fixture(scope="session")
def embedder(models: Path) -> OnnxEmbedder:
    """The real embedding model, int8."""
    return OnnxEmbedder.load(models / DEFAULT_MODEL)


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A Valkey of the test run's own."""
    with processes.valkey() as url:
        yield url


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    """The stand-in for the language model."""
    with processes.model_server() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty database with a clock that stands still, of each kind."""
    if request.param == "sqlite":
        opened = frozen_store(f"sqlite:///{tmp_path / 'test.db'}")
        yield opened
        opened.close()
        return
    with postgresql_schema() as url:
        opened = frozen_store(url.replace("postgresql://", "postgresql+psycopg://"))
        yield opened
        opened.close()


@pytest.fixture
def workspace_id(store: Store) -> str:
    """A workspace in the database."""
    return Keys(store).workspace()


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Run the example's back office."""
    with Shop(token=TOKEN) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
