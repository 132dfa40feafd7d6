"""The command line as a process: what the other tests of this folder run without one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from worker.cli import main


def test_a_result_is_printed_and_the_status_is_0(start):
    made = start("keys", "make", "desk")
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("ab_")
    assert "desk" in start("keys", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "changes", "status", "expected"),
    [
        (("search", "x"), {}, 1, "ingest documents first"),
        (("doctor",), {"ANSWERBACK_PORT": "x"}, 1, "ANSWERBACK_PORT must be"),
        (("keys", "make", "x", "--scopes", "root"), {}, 2, "Usage:"),
    ],
)
def test_what_goes_wrong_is_said_without_a_traceback(start, arguments, changes, status, expected):
    done = start(*arguments, **changes)
    assert (done.returncode, done.stdout) == (status, "")
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_a_command_in_a_word(env):
    command = [
        sys.executable,
        "-m",
        "worker.cli",
        "helpdesk",
        "connect",
        "x",
        "--kind",
        "slack",
        "--url",
        "https://x.y",
    ]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # Without a terminal, the prompt for the token reads standard input, and says so first.
    with subprocess.Popen(command, env=env, cwd=ROOT, start_new_session=True, **pipes) as process:
        said = b""
        while b"API token" not in said and (read := os.read(process.stderr.fileno(), 1_000)):
            said += read
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
    assert process.returncode == 1
    assert b"Aborted!" in rest
    assert b"Traceback" not in said + rest


def test_the_installed_script_is_the_same_command_line(env):
    script = Path(sys.executable).parent / "answerback"
    done = subprocess.run([script, "--help"], env=env, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: answerback ")
    assert {line.split()[0] for line in done.stdout.split("Commands:")[1].splitlines() if line} == set(main.commands)


def test_help_loads_no_database_and_no_client(env):
    """So it is there at once, and a shell completes commands as fast."""
    script = "import sys, worker.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], env=env, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "worker.cli.helpdesks" in done.stdout.split()
    heavy = {"alembic", "celery", "flask", "httpx", "lxml", "numpy", "onnxruntime", "redis", "sqlalchemy"}
    assert heavy & set(done.stdout.split()) == set()
