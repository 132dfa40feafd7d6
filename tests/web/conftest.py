from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
from flask import Flask, Response
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


#: The codes of each operation's errors, by its id; the same for every application.
_declared: dict[str, set[str]] = {}


def note_undeclared_errors(app: Flask) -> set[tuple[str, str]]:
    """Return the errors that operations respond with from now on and that `/openapi.json` does not have for them."""
    undeclared: set[tuple[str, str]] = set()

    @app.after_request
    def note(response: Response) -> Response:
        operation = getattr(app.view_functions.get(flask.request.endpoint or ""), "operation", None)
        if operation is not None and response.status_code >= 400:
            if not _declared:
                _declared.update(_codes_of(app.view_functions["openapi"]()))
            if (code := response.get_json()["code"]) not in _declared[operation.id]:
                undeclared.add((operation.id, code))
        return response

    return undeclared


def _codes_of(spec: dict[str, Any]) -> dict[str, set[str]]:
    calls = [call for calls in spec["paths"].values() for call in calls.values()]
    return {
        call["operationId"]: {
            code
            for response in call["responses"].values()
            for code in response.get("$ref", "").rpartition("/")[2].split(".")
        }
        for call in calls
    }


@pytest.fixture
def app(settings: Settings):
    """The application. No test may see an error that its operation does not declare."""
    made = create_app(settings)
    undeclared = note_undeclared_errors(made)
    yield made
    made.extensions["answerback"].close(timeout_s=0.1)
    assert not undeclared, "errors that the description of the operation does not have"


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
