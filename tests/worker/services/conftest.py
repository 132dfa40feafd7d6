import pytest

from worker.settings import Settings


@pytest.fixture
def settings(tmp_path):
    """Settings of an installation whose Redis does not run, and whose embedding model was not exported."""
    return Settings(home=tmp_path, redis_url="redis://127.0.0.1:1/0", embedding_model="acme/none")
