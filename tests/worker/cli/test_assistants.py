import sys

import pytest
from click.testing import CliRunner

from worker.cli import main


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("ANSWERBACK_HOME", str(tmp_path))
    monkeypatch.delenv("ANSWERBACK_API_KEY", raising=False)
    return lambda *arguments: CliRunner().invoke(main, ["mcp", *arguments])


def test_without_a_key_it_says_what_to_set(run):
    done = run()
    assert done.exit_code == 1
    assert "set ANSWERBACK_API_KEY" in done.output


def test_without_the_extra_it_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "worker.mcp.server", None)
    done = run("--key", "secret")
    assert done.exit_code == 1
    assert "answerback[mcp]" in done.output


def test_the_key_of_this_installation_is_for_no_other_server(run, tmp_path):
    (tmp_path / "api-key").write_text("ab_secret\n")
    done = run("--url", "https://elsewhere.example")
    assert done.exit_code == 1
    assert "give --key" in done.output
