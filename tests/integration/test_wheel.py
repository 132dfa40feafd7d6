"""The wheel is the whole product: installed without a checkout, `answerback up` serves and answers from there."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.support.processes import ROOT, free_port, running, wait_for
from tests.support.stack import Stack, is_ready

#: What the wheel is built from. It is copied, so that no build folder of the checkout adds files to it.
_SOURCES = ("kb", "tasks", "web", "worker", "celeryconfig.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of the working tree."""
    sources, built = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("dist")
    for name in _SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, sources / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--wheel-dir", str(built), str(sources)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    (found,) = built.glob("answerback-*.whl")
    return found


@pytest.fixture(scope="module")
def binaries(wheel: Path, tmp_path_factory) -> Path:
    """The commands of a venv with the wheel, which has this interpreter's dependencies but not the checkout."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", str(wheel)]
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # Not in the checkout, whose metadata pip would take for an installation.
    done = subprocess.run(install, cwd=home, env=bare, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (site,) = home.glob("lib/python*/site-packages")
    # A path in a .pth file adds that folder alone: the .pth files in it, which lead to the checkout, are not read.
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    return home / "bin"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSWERBACK_", "OPENAI_"))}
    kept.pop("PYTHONPATH", None)
    return {
        **kept,
        "PYTHONSAFEPATH": "1",
        "ANSWERBACK_HOME": str(tmp_path / "home"),
        "ANSWERBACK_PORT": str(free_port()),
        "ANSWERBACK_FLOWER_PORT": str(free_port()),
    }


def test_the_checkout_is_not_what_is_tried(binaries, env, tmp_path):
    script = "import kb, tasks, web, worker; print(*(one.__file__ for one in (kb, tasks, web, worker)), sep='\\n')"
    done = subprocess.run(
        [str(binaries / "python"), "-c", script], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 4
    for path in done.stdout.split():
        assert Path(path).is_relative_to(binaries.parent), path


def test_the_models_that_ship_are_in_the_wheel(binaries, env, tmp_path):
    script = (
        "from worker.answering.check.answer_model import AnswerModel\n"
        "from worker.answering.check.support_model import SupportModel\n"
        "print(AnswerModel.load().probability('a', 'b'), SupportModel.load().probability('a', 'b'))"
    )
    done = subprocess.run(
        [str(binaries / "python"), "-c", script], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 2


def test_an_installed_wheel_serves_and_answers_without_a_checkout(binaries, env, tmp_path):
    log = tmp_path / "up.log"
    empty = tmp_path / "empty"
    empty.mkdir()
    url = f"http://127.0.0.1:{env['ANSWERBACK_PORT']}"
    with running([str(binaries / "answerback"), "up"], env=env, cwd=empty, log=log, grace_s=20):
        wait_for(lambda: is_ready(url), timeout_s=60, what=f"the installed product, which wrote to {log}")
        home = Path(env["ANSWERBACK_HOME"])
        made = Stack(env=env, home=home, url=url, key=(home / "api-key").read_text().strip())

        shown = made.ask("How do I reset my password?")
        assert shown["state"] == "answered", log.read_text()
        assert "Forgot password" in shown["reply"]["content"]

        for path in ("/console/login", "/console/static/console.css", "/widget.js", "/openapi.json"):
            assert made.call("GET", path).status == 200, path
    assert list(empty.iterdir()) == []
