"""A worker starts without Celery's command line, and loads what its own queue needs."""

import subprocess
import sys

import pytest

from tests.support.processes import ROOT
from worker.launch.consuming import POOLS

_BUILD = """
import sys
import celery.apps.worker, worker.launch.consuming, worker.launch.process
import tasks.answer, tasks.callback, tasks.knowledge, tasks.canary
from worker.services.worker import build_worker
from worker.settings import Settings
build_worker(Settings.from_env(), roles=(sys.argv[1],))
print(*sys.modules)
"""

#: What no worker needs: Celery's command line brings them.
OF_THE_COMMAND_LINE = {"prompt_toolkit", "click_repl", "flower", "tornado"}


def test_every_queue_has_a_pool():
    assert set(POOLS) == {"answer", "callback", "ingest"}
    assert POOLS["ingest"].name == "prefork"  # what a file does to its reader does not end the worker


@pytest.mark.processes
@pytest.mark.parametrize(
    ("queue", "others"),
    [
        ("callback", {"numpy", "faiss", "onnxruntime", "openai", "tantivy", "worker.answering.agent"}),
        ("ingest", {"openai"}),
    ],
)
def test_a_worker_loads_what_its_queue_needs(queue, others, tmp_path):
    env = {"PATH": "/usr/bin", "PYTHONPATH": str(ROOT), "ANSWERBACK_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, queue], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert not (OF_THE_COMMAND_LINE | others) & loaded
