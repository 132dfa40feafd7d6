import subprocess
import sys

import pytest

from tests.support.processes import ROOT
from tests.support.stack import environment, prepare


@pytest.fixture
def run(tmp_path, models, valkey_url):
    env = environment(tmp_path / "home", valkey_url, models, PYTHONPATH=str(ROOT))
    prepare(env)

    def call(*arguments: str, **changes: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "worker.cli", *arguments],
            env={**env, **changes},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return call
