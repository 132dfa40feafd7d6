import functools
import signal
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
from worker.accounts import passwords
from worker.answering.triage.learned_examples import LearnedExamples
from worker.answering.triage.recogniser import Recogniser
from worker.store.engine import Store

#: A test that asks for one of these needs a process, a server or the embedding model.
_PROCESS_FIXTURES = {"models", "exported", "valkey_url", "model_url", "chromium", "mail_server"}

#: All tests in these folders need processes.
_PROCESS_FOLDERS = ("browser", "clients/test_stories.py", "docs", "faults", "integration")

#: Of these, the folders and files that measure time, or need both cores: of all others, two files run side by side.
_ALONE = ("browser", "integration/test_brokers.py", "integration/test_streams.py")

#: Audit events of Python that start a process.
_STARTS = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system")

# A shell lets what it starts in the background ignore Ctrl-C, and so would the processes that tests interrupt.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: How the product hashes passwords.
_ARGON2 = passwords.ARGON2

#: The unit test that runs now, which may start no process.
_unit_test: str | None = None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark what `make quick` leaves out, and what `make test` runs alone, or beside one other file."""
    for item in items:
        asks = _PROCESS_FIXTURES & set(getattr(item, "fixturenames", ()))
        lies = _lies_in(item.path, _PROCESS_FOLDERS)
        if lies:
            item.add_marker(pytest.mark.alone if _lies_in(item.path, _ALONE) else pytest.mark.beside)
        if asks or lies or item.get_closest_marker("postgresql") or item.get_closest_marker("rabbitmq"):
            item.add_marker(pytest.mark.processes)


@functools.cache  # thousands of tests lie in hundreds of files
def _lies_in(path: Path, places: tuple[str, ...]) -> bool:
    return any(path.is_relative_to(processes.ROOT / "tests" / place) for place in places)


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


@pytest.fixture(scope="session", autouse=True)
def hashes_cost_little() -> Iterator[None]:
    """Hash passwords in no time; `real_hashes` hashes them as the product does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "ARGON2", (1, 8, 1))
        yield


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords as the product does."""
    monkeypatch.setattr(passwords, "ARGON2", _ARGON2)


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
    with postgresql_schema(durable=False) as url:
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
