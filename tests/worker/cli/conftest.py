import functools
import subprocess
from collections.abc import Callable

import pytest

from tests.support import commands
from tests.support.processes import ROOT
from tests.support.stack import environment, prepare


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
    return run(*arguments, env={**env, **changes}, stdin=stdin)
