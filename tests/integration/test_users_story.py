"""The user's story: one command in an empty home, a ticket in, an answer out, stop, start again, all still there."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.support.processes import ROOT, answers, free_port, running, wait_for
from tests.support.stack import Stack, is_ready

STOP_S = 15


@contextlib.contextmanager
def up(env: dict[str, str], log: Path):
    """Run `answerback up` as a terminal would; yield its process."""
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "worker.cli", "up"]
    try:
        with running(command, env=env, log=log, grace_s=STOP_S + 5) as process:
            yield process
    finally:
        for left in ours(env):
            left.kill()


def ours(env: dict[str, str], *arguments: str) -> list[psutil.Process]:
    """The processes that belong to this home and were started with all of these arguments."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):  # it may end while it is looked at
            if process.environ().get("ANSWERBACK_HOME") != env["ANSWERBACK_HOME"] or process.pid == os.getpid():
                continue
            if set(arguments) <= set(process.cmdline()):
                found.append(process)
    return found


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "an empty home"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSWERBACK_", "OPENAI_"))}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "http_proxy": "http://127.0.0.1:9",  # as where one is needed to reach the world: it knows no loopback of ours
        "ANSWERBACK_HOME": str(home),
        "ANSWERBACK_PORT": str(free_port()),
        "ANSWERBACK_FLOWER_PORT": str(free_port()),
    }


def stop(process: subprocess.Popen, number: int) -> float:
    began = time.monotonic()
    process.send_signal(number)
    process.wait(STOP_S + 5)
    return time.monotonic() - began


def test_from_an_empty_home_to_an_answer_and_back_again(env, tmp_path):
    log = tmp_path / "up.log"
    home = Path(env["ANSWERBACK_HOME"])
    url = f"http://127.0.0.1:{env['ANSWERBACK_PORT']}"
    with up(env, log) as process:
        began = time.monotonic()
        wait_for(lambda: is_ready(url), timeout_s=60, what="the first start")
        assert time.monotonic() - began < 60
        wait_for(lambda: "Ctrl-C stops" in log.read_text(), what="the banner")
        printed = log.read_text()
        key = (home / "api-key").read_text().strip()
        assert key in printed
        assert f"{url}/v1/tickets" in printed
        assert (home / "api-key").stat().st_mode & 0o077 == 0
        made = Stack(env=env, home=home, url=url, key=key)

        shown = made.ask("How do I reset my password?")
        assert shown["state"] == "answered"
        assert shown["reply"]["answerer"] == "extractive"
        assert "Forgot password" in shown["reply"]["content"]
        assert shown["reply"]["citations"]
        out_of_scope = made.ask("Who won the world cup in 1998?")
        assert out_of_scope["handoff"]["reason"] == "no_answer"

        flower = f"http://127.0.0.1:{env['ANSWERBACK_FLOWER_PORT']}"
        wait_for(lambda: answers(flower), timeout_s=20, what="Flower")

        def flower_knows():
            with urllib.request.urlopen(f"{flower}/tasks", timeout=5) as page:
                return page.status == 200

        assert flower_knows()

        again = subprocess.run(
            [sys.executable, "-m", "worker.cli", "up"], env=env, cwd=ROOT, capture_output=True, text=True, timeout=30
        )
        assert again.returncode == 1
        assert "already runs" in again.stderr

        doctor = subprocess.run(
            [sys.executable, "-m", "worker.cli", "doctor", "--json"], env=env, cwd=ROOT, capture_output=True, timeout=60
        )
        assert doctor.returncode == 0, doctor.stdout
        assert {finding["problem"] for finding in json.loads(doctor.stdout)} == {None}

        (worker,) = ours(env, "answer", "worker.launch.consuming")
        worker.kill()
        wait_for(lambda: len(ours(env, "answer")) == 1, what="a new worker")
        wait_for(lambda: is_ready(url), timeout_s=30, what="readiness after a kill")
        assert made.ask("Where is my parcel?")["state"] == "answered"

        assert stop(process, signal.SIGINT) < STOP_S
        assert process.returncode == 0
        assert ours(env) == []

    with up(env, log) as process:
        began = time.monotonic()
        wait_for(lambda: is_ready(url), timeout_s=30, what="the second start")
        assert time.monotonic() - began < 30
        found = made.call("GET", f"/v1/messages/{shown['id']}").json
        assert found == shown
        assert len(made.call("GET", "/v1/documents?limit=100").json["items"]) >= 25
        assert key not in log.read_text()
        assert stop(process, signal.SIGTERM) < STOP_S
        assert ours(env) == []


def test_a_taken_port_is_one_sentence_that_says_what_to_do(env):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(env["ANSWERBACK_PORT"])))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "worker.cli", "up"], env=env, cwd=ROOT, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 1
    assert re.search(r"Port \d+ on 127.0.0.1 cannot be used .*ANSWERBACK_PORT", done.stderr)
    assert "Traceback" not in done.stderr
    assert ours(env) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ANSWERBACK_REDIS_URL": "redis://127.0.0.1:1/0"}, "Redis at redis://127.0.0.1:1/0 cannot be reached"),
        ({"ANSWERBACK_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x"}, "ANSWERBACK_DATABASE_URL"),
        ({"ANSWERBACK_PORT": "no", "ANSWERBACK_LEASE_S": "-1"}, "ANSWERBACK_LEASE_S must be a number above 0"),
        ({"ANSWERBACK_HOME": "/proc/none"}, "ANSWERBACK_HOME"),
    ],
)
def test_a_start_that_cannot_work_says_why_and_leaves_nothing_running(env, changes, expected):
    done = subprocess.run(
        [sys.executable, "-m", "worker.cli", "up"],
        env={**env, **changes},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
    assert ours(env) == []


def test_a_damaged_snapshot_is_found_before_anything_listens(env, tmp_path):
    url = f"http://127.0.0.1:{env['ANSWERBACK_PORT']}"
    with up(env, tmp_path / "up.log") as process:
        wait_for(lambda: is_ready(url), timeout_s=60, what="the start")
        stop(process, signal.SIGTERM)
    (victim,) = Path(env["ANSWERBACK_HOME"]).glob("snapshots/*/*/vectors.faiss")
    victim.write_bytes(b"damaged")
    done = subprocess.run(
        [sys.executable, "-m", "worker.cli", "up"], env=env, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "answerback snapshots rebuild" in done.stderr
    rebuilt = subprocess.run(
        [sys.executable, "-m", "worker.cli", "snapshots", "rebuild"], env=env, cwd=ROOT, capture_output=True, timeout=60
    )
    assert rebuilt.returncode == 0, rebuilt.stderr
    doctor = subprocess.run(
        [sys.executable, "-m", "worker.cli", "doctor", "--json"], env=env, cwd=ROOT, capture_output=True, timeout=60
    )
    problems = {one["name"]: one["problem"] for one in json.loads(doctor.stdout)}
    assert problems["snapshot"] is None
    assert "run `answerback up`" in problems["web"]
