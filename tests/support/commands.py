"""Run commands of the command line: in this process, which is fast, or in a process of their own."""

import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from unittest import mock

import structlog
from click.testing import CliRunner

from tests.support.processes import ROOT
from worker.cli import main


def invoke(*arguments: str, env: Mapping[str, str], stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, with this environment alone.

    Return what a process would leave behind. Where a process would print a traceback, this raises.
    """
    with mock.patch.dict(os.environ, env, clear=True), _logging_as_it_was():
        result = CliRunner().invoke(main, arguments, input=stdin, prog_name="answerback", catch_exceptions=False)
    return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)


def start(*arguments: str, env: Mapping[str, str], stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, until it ends."""
    command = [sys.executable, "-m", "worker.cli", *arguments]
    return subprocess.run(command, env=env, cwd=ROOT, input=stdin, capture_output=True, text=True, timeout=60)


@contextlib.contextmanager
def _logging_as_it_was() -> Iterator[None]:
    """Put back what a command configures for its process."""
    root, configured = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**configured)
