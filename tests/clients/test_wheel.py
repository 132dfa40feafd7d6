"""The wheel of the Python client is small, typed, and works without the service's own packages."""

import email
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from tests.test_release import version

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy, so that no build folder of the checkout adds files to it."""
    sources, built = tmp_path_factory.mktemp("sources") / "client", tmp_path_factory.mktemp("dist")
    left_out = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    shutil.copytree(ROOT / "clients" / "python", sources, ignore=left_out)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    command += ["--wheel-dir", str(built), str(sources)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = built.glob("answerback_client-*.whl")
    return found


def test_it_has_the_version_of_the_service_its_types_and_one_dependency(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith("/METADATA")]
        headers = email.message_from_bytes(archive.read(metadata))
    assert "answerback_client/py.typed" in names
    assert any(name.endswith("/LICENSE") for name in names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"answerback_client"}
    assert headers["Version"] == version()
    required = [one for one in headers.get_all("Requires-Dist") if "extra" not in one]
    assert [one.partition("<")[0].partition(">")[0].strip() for one in required] == ["httpx"]
    assert wheel.stat().st_size < 100_000


def test_it_loads_nothing_but_httpx(wheel):
    code = (
        "import sys; before = set(sys.modules); import httpx; httpx_only = set(sys.modules);"
        "import answerback_client; loaded = {name.partition('.')[0] for name in set(sys.modules) - httpx_only};"
        "print(answerback_client.__file__, sorted(loaded - set(sys.stdlib_module_names)))"
    )
    paths = os.pathsep.join([str(wheel), sysconfig.get_path("purelib")])
    env = {**os.environ, "PYTHONPATH": paths, "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=wheel.parent, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"{wheel}/answerback_client/__init__.py ['answerback_client']"
