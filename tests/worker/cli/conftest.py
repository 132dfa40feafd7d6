import functools
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from werkzeug.serving import make_server

from tests.support import commands
from tests.support.processes import ROOT
from tests.support.services import Application, parts_of
from tests.support.stack import KEY, environment, prepare
from web import create_app
from worker.cli.remote import Remote, Server, connect
from worker.settings import Settings


@dataclass(frozen=True)
class Served:
    """A server of the API in this process, as commands reach it over HTTP, and its parts."""

    server: Server
    port: int
    remote: Remote
    services: Application


@pytest.fixture(scope="module")
def served(tmp_path_factory, models, valkey_url) -> Iterator[Served]:
    """Serve an installation that the tests of a module share."""
    changes = {"ANSWERBACK_REDIS_PREFIX": "served:", "ANSWERBACK_CALLBACK_ALLOW": "127.0.0.0/8"}
    env = environment(tmp_path_factory.mktemp("served"), valkey_url, models, **changes)
    prepare(env)
    app = create_app(Settings.from_env(env))
    http = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    server = Server(url=f"http://127.0.0.1:{http.server_port}", key=KEY, key_from="the test")
    with connect(server) as remote:
        yield Served(server, http.server_port, remote, parts_of(app))
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def remotely(served, tmp_path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command on a machine without an installation: it knows the server by the environment alone."""
    env = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "ANSWERBACK_HOME": str(tmp_path / "none"),
        "ANSWERBACK_URL": served.server.url,
        "ANSWERBACK_API_KEY": served.server.key,
    }
    return functools.partial(_with_changes, commands.invoke, env)


@pytest.fixture
def env(tmp_path, models, valkey_url) -> dict[str, str]:
    """The environment of an installation whose database is migrated."""
    made = environment(tmp_path / "home", valkey_url, models, PYTHONPATH=str(ROOT))
    prepare(made)
    return made


@pytest.fixture
def run(env) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command of an installation in this process; keywords change its environment."""
    return functools.partial(_with_changes, commands.invoke, env)


@pytest.fixture
def start(env) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command of an installation in a process of its own; keywords change its environment."""
    return functools.partial(_with_changes, commands.start, env)


def _with_changes(
    run: Callable[..., subprocess.CompletedProcess[str]],
    env: dict[str, str],
    *arguments: str,
    stdin: str | None = None,
    **changes: str,
) -> subprocess.CompletedProcess[str]:
    """Run a command; a change to an empty text unsets a variable."""
    changed = {name: value for name, value in {**env, **changes}.items() if value}
    return run(*arguments, env=changed, stdin=stdin)
