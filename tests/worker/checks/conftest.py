import pytest

from tests.support.stack import environment, prepare


@pytest.fixture
def env(tmp_path, models, valkey_url):
    made = environment(tmp_path / "home", valkey_url, models, ANSWERBACK_REDIS_PREFIX=f"{tmp_path.name}:")
    prepare(made)
    return made
