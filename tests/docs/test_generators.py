"""Clients that generators make from the description: nothing is left out, and the result compiles.

They run where they are found: openapi-python-client beside this Python or in the PATH, openapi-typescript with tsc and
Spectral in the PATH.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT

OPENAPI = ROOT / "docs" / "openapi.json"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"


def _run(*command, folder):
    """Run a generator; return what it printed."""
    if shutil.which(command[0], path=PATH) is None:
        pytest.skip(f"{command[0]} is not on this machine")
    env = {**os.environ, "PATH": PATH}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_openapi_python_client_leaves_nothing_out_and_its_client_type_checks(tmp_path):
    printed = _run(
        *("openapi-python-client", "generate", "--path", str(OPENAPI), "--meta", "none"),
        *("--output-path", "answerback_api"),
        folder=tmp_path,
    )
    assert "warning" not in printed.lower(), printed
    assert (tmp_path / "answerback_api" / "api" / "tickets" / "tickets_create.py").exists()
    # client.py is the same for every description.
    (tmp_path / "mypy.ini").write_text("[mypy]\n[mypy-answerback_api.client]\nignore_errors = True\n")
    assert "Success" in _run("mypy", "answerback_api", folder=tmp_path)


def test_openapi_typescript_makes_types_that_compile(tmp_path):
    _run("openapi-typescript", str(OPENAPI), "-o", "answerback.ts", folder=tmp_path)
    (tmp_path / "call.ts").write_text(
        'import type { operations } from "./answerback";\n'
        'type Ticket = operations["tickets.create"]["requestBody"]["content"]["application/json"];\n'
        'export const ticket: Ticket = { body: "How long does delivery take?" };\n'
        "// @ts-expect-error: a ticket has a body\n"
        "export const empty: Ticket = {};\n"
    )
    _run("tsc", "--strict", "--noEmit", "--skipLibCheck", "false", "call.ts", folder=tmp_path)


def test_spectral_finds_nothing():
    printed = _run("spectral", "lint", "docs/openapi.json", folder=ROOT)
    assert "No results" in printed
