import contextlib
import dataclasses
import ipaddress
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.support.services import Application, parts_of
from tests.support.stack import environment, prepare
from tests.web.conftest import Client
from web import create_app
from worker.settings import Settings


@pytest.fixture
def app(tmp_path: Path, models: Path, valkey_url: str) -> Iterator[Flask]:
    """An application that may call this machine."""
    env = environment(tmp_path, valkey_url, models, ANSWERBACK_REDIS_PREFIX=f"{tmp_path.name}:")
    prepare(env)
    allowed = (ipaddress.ip_network("127.0.0.0/8"),)
    made = create_app(dataclasses.replace(Settings.from_env(env), callback_allow=allowed))
    yield made
    made.extensions["answerback"].close(timeout_s=0.1)


@pytest.fixture
def services(app: Flask) -> Application:
    """The parts of the application, and those that play a worker."""
    return parts_of(app)


@pytest.fixture
def call(app: Flask) -> Client:
    """Call the API with the test key."""
    return Client(app.test_client())


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """The URL of the application, over HTTP."""
    with _serving(app) as url:
        yield url


@contextlib.contextmanager
def _serving(app: Callable[..., object]) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
