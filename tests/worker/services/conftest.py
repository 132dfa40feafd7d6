import pytest

from worker.settings import Settings


@pytest.fixture
def settings(tmp_path):
    """Settings of an installation whose Redis does not run."""
    return Settings(home=tmp_path, redis_url="redis://127.0.0.1:1/0")
