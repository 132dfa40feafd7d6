from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.services import Application, parts_of
from tests.support.stack import KEY, environment, prepare
from web import create_app
from worker.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, models: Path, valkey_url: str) -> Settings:
    """Settings of an installation of its own."""
    env = environment(tmp_path, valkey_url, models, ANSWERBACK_REDIS_PREFIX=f"{tmp_path.name}:")
    prepare(env)
    return Settings.from_env(env)


@pytest.fixture
def app(settings: Settings):
    """The application."""
    made = create_app(settings)
    yield made
    made.extensions["answerback"].close(timeout_s=0.1)


@pytest.fixture
def services(app) -> Application:
    """The parts of the application, and those that play a worker."""
    return parts_of(app)


class Client:
    """A caller with a key."""

    def __init__(self, client: FlaskClient, key: str = KEY):
        self.client, self.key = client, key

    def __call__(self, method: str, path: str, *, headers=None, **options):
        headers = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        return self.client.open(path, method=method, headers=headers, **options)


@pytest.fixture
def call(app) -> Iterator[Client]:
    """Call the API with the test key."""
    return Client(app.test_client())
