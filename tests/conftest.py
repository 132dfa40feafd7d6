import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog

from examples.shop import Shop
from kb import shipped
from kb.embedding import OnnxEmbedder
from kb.model_sources import DEFAULT_MODEL
from tests.support import processes
from tests.support.desk import TOKEN
from tests.support.fakes import frozen_store
from tests.support.mail_servers import MailServers, mail_servers
from tests.support.models import exported_models
from tests.support.receiver import Receiver
from tests.support.servers import postgresql_schema
from worker.access.keys import Keys
from worker.answering.triage.learned_examples import LearnedExamples
from worker.answering.triage.recogniser import Recogniser
from worker.store.engine import Store

#: A test that asks for one of these needs a process, a server or the embedding model.
_PROCESS_FIXTURES = {"models", "exported", "valkey_url", "model_url", "chromium", "mail_server"}

#: All tests in these folders need processes.
_PROCESS_FOLDERS = ("browser", "clients/test_stories.py", "docs", "faults", "integration")

#: Of these, the folders and files that start what they need and measure no time: two files of them run side by side.
_BESIDE = (
    *("clients/test_stories.py", "docs", "faults/test_suite.py"),
    *("integration/test_users_story.py", "integration/test_wheel.py"),
    *("integration/test_django_helpdesk.py", "integration/test_request_tracker.py"),
)

#: Audit events of Python that start a process.
_STARTS = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system")

#: The unit test that runs now, which may start no process.
_unit_test: str | None = None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark what `make quick` leaves out, and what `make test` runs alone, or beside one other file."""
    folders = [processes.ROOT / "tests" / name for name in _PROCESS_FOLDERS]
    beside = [processes.ROOT / "tests" / name for name in _BESIDE]
    for item in items:
        asks = _PROCESS_FIXTURES & set(getattr(item, "fixturenames", ()))
        lies = any(item.path.is_relative_to(folder) for folder in folders)
        if lies:
            is_beside = any(item.path.is_relative_to(place) for place in beside)
            item.add_marker(pytest.mark.beside if is_beside else pytest.mark.alone)
        if asks or lies or item.get_closest_marker("postgresql") or item.get_closest_marker("rabbitmq"):
            item.add_marker(pytest.mark.processes)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Hold tests that are not marked `processes` to starting none."""
    global _unit_test
    _unit_test = None if item.get_closest_marker("processes") else item.nodeid
    try:
        return (yield)
    finally:
        _unit_test = None


def _refuse_processes(event: str, _arguments: tuple[Any, ...]) -> None:
    if _unit_test is not None and event in _STARTS:
        raise RuntimeError(f"{_unit_test} starts a process: mark it with @pytest.mark.processes")


sys.addaudithook(_refuse_processes)


@pytest.fixture(scope="session", autouse=True)
def loggers_are_not_cached() -> Iterator[None]:
    """Let `capture_logs` see every logger, also after a test that configured logging as a process does.

    Lines go to the process's stderr: a thread of an earlier test may log while the output of a command is captured.
    """
    configure = structlog.configure
    configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
    structlog.configure = lambda **options: configure(**{**options, "cache_logger_on_first_use": False})
    yield
    structlog.configure = configure


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of the embedding model that ships."""
    return shipped.models()


@pytest.fixture(scope="session")
def exported() -> Path:
    """The default embedding model, exported at every precision, which needs the extra `export`."""
    pytest.importorskip("sentence_transformers")
    return exported_models() / DEFAULT_MODEL


@pytest.fixture(scope="session")
def embedder(models: Path) -> OnnxEmbedder:
    """The real embedding model, int8."""
    return OnnxEmbedder.load(models / DEFAULT_MODEL)


@pytest.fixture(scope="session")
def recogniser(embedder: OnnxEmbedder, models: Path) -> Recogniser:
    """What the examples of escalation teach, kept beside the model for the next run."""
    return LearnedExamples(embedder, models / DEFAULT_MODEL).recogniser()


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


@pytest.fixture(scope="session")
def mail_server() -> Iterator[MailServers]:
    """Postfix and Dovecot; each test takes an account of its own."""
    with mail_servers() as servers:
        yield servers


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL schema of the test run's own; `frozen_store` migrates it once and empties it for each test."""
    with postgresql_schema() as url:
        yield url.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty database with a clock that stands still, of each kind."""
    sqlite = request.param == "sqlite"
    opened = frozen_store(f"sqlite:///{tmp_path / 'test.db'}" if sqlite else request.getfixturevalue("postgresql_url"))
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


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of callbacks on this machine."""
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()
