"""Start real processes for tests and benchmarks, and end them by id."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[2]

Found = TypeVar("Found")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(ready: Callable[[], Found | None], *, timeout_s: float = 30.0, what: str = "it") -> Found:
    """Return the first thing found that is true; TimeoutError when there was none in time."""
    ends = time.monotonic() + timeout_s
    last: Exception | None = None
    while time.monotonic() < ends:
        try:
            if found := ready():
                return found
        except OSError as error:
            last = error
        time.sleep(0.05)
    raise TimeoutError(f"{what} was not ready after {timeout_s} s ({last})")


def is_stopped(pid: int) -> bool:
    """Whether every thread of a process has stopped, which takes a moment after SIGSTOP."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(stat.read_text().rpartition(")")[2].split()[0] in "Tt" for stat in threads)


def answers(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=2) as response:
        return bool(response.status == 200)


@contextlib.contextmanager
def running(
    command: list[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    grace_s: float = 12.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a group of its own, and end the whole group afterwards.

    It imports the checkout and runs in it, unless `cwd` says where else it runs: there, only `env` leads to modules.
    """
    out = log.open("ab") if log is not None else subprocess.DEVNULL
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if cwd is None:
        inherited["PYTHONPATH"] = str(ROOT)
    process = subprocess.Popen(
        command,
        env={**inherited, "OMP_NUM_THREADS": "1", **(env or {})},
        cwd=cwd or ROOT,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace_s)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def folder_in_memory() -> Iterator[Path]:
    """A folder in memory, where this machine has one: databases wait for a disk with each commit."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="ab-", dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@contextlib.contextmanager
def valkey(folder: Path | None = None) -> Iterator[str]:
    """Run a Valkey of one's own; yield its URL."""
    from worker.checks import valkey_binary

    with tempfile.TemporaryDirectory(prefix="ab-", dir="/tmp") as short:
        path = Path(short) / "valkey.sock"
        options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--appendonly", "no", "--dir", short]
        with running([str(valkey_binary()), *options]):
            wait_for(path.exists, what="Valkey")
            yield f"unix://{path}?db=0"


@contextlib.contextmanager
def model_server(*, latency_s: float = 0.0) -> Iterator[str]:
    """Run the stand-in for the language model; yield its base URL without /v1."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "tests.support.model_server", "--port", str(port), "--latency-s", str(latency_s)]
    with running(command):
        wait_for(lambda: answers(f"{url}/control"), what="the model server")
        yield url
