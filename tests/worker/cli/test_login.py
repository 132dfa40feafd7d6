"""A server elsewhere is known by a profile, whose key only its user may read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from worker.cli.profiles import profiles_file

NO_SERVER = {"ANSWERBACK_URL": "", "ANSWERBACK_API_KEY": ""}


@pytest.fixture
def alone(remotely):
    """Run a command that knows no server by its environment."""
    return lambda *arguments, **changes: remotely(*arguments, **{**NO_SERVER, **changes})


def test_a_profile_is_kept_used_listed_and_forgotten(alone, served, tmp_path, monkeypatch):
    key, url = served.server.key, served.server.url
    assert "There are no profiles" in alone("profiles").stdout
    done = alone("login", f"{url}/", "--key", key, "--profile", "prod")
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert profiles_file().stat().st_mode & 0o777 == 0o600
    assert profiles_file().parent.stat().st_mode & 0o777 == 0o700
    assert alone("trigger", "message.answered", "--profile", "prod").returncode == 0
    assert alone("trigger", "message.answered", ANSWERBACK_PROFILE="prod").returncode == 0
    listed = alone("profiles").stdout
    assert "prod" in listed and url in listed and key not in listed  # noqa: PT018
    assert alone("login", url, "--key", key, "--profile", "prod").returncode == 0  # twice
    assert alone("logout", "--profile", "prod").returncode == 0
    assert alone("logout", "--profile", "prod").returncode == 1


def test_the_environment_wins_over_a_profile_and_no_key_goes_to_another_server(alone, served):
    key, url = served.server.key, served.server.url
    assert alone("login", url, "--key", key).returncode == 0
    assert alone("trigger", "message.answered").returncode == 0
    refused = alone("trigger", "message.answered", ANSWERBACK_API_KEY="of-the-environment")
    assert (refused.returncode, "from --key or ANSWERBACK_API_KEY" in refused.stderr) == (4, True)
    other = alone("trigger", "message.answered", "--url", "http://127.0.0.1:9")
    assert (other.returncode, "No API key is known for http://127.0.0.1:9" in other.stderr) == (1, True)
    unreachable = alone("trigger", "message.answered", "--url", "http://127.0.0.1:9", "--key", "k")
    assert (unreachable.returncode, "is it running?" in unreachable.stderr) == (3, True)


def test_a_login_that_fails_keeps_nothing_and_says_why(alone, served, tmp_path):
    for arguments, status, expected in (
        ((served.server.url, "--key", "wrong"), 4, "this login"),
        (("http://127.0.0.1:9", "--key", "k"), 3, "cannot be reached"),
        (("answers.example", "--key", "k"), 2, "https://answers.example"),
        ((served.server.url, "--key", "k", "--profile", " "), 2, "profile"),
        ((served.server.url, "--key", "ключ"), 2, "characters"),
    ):
        done = alone("login", *arguments)
        assert (done.returncode, expected in done.stderr) == (status, True), done.stderr
    assert list(tmp_path.rglob("profiles.json*")) == []
    unknown = alone("tail", "--profile", "prod")
    assert (unknown.returncode, "answerback login --profile prod" in unknown.stderr) == (1, True)


def test_without_any_server_it_is_said_how_to_get_one(alone):
    for command in (("listen",), ("tail",), ("trigger", "message.answered")):
        done = alone(*command)
        assert (done.returncode, "answerback login URL" in done.stderr) == (1, True), done.stderr


def test_a_damaged_file_of_profiles_is_named(alone, tmp_path):
    file = tmp_path / ".config" / "answerback" / "profiles.json"
    file.parent.mkdir(parents=True)
    for text in ("{", "[]", '{"prod": {}}', '{"prod": "x"}'):
        file.write_text(text)
        done = alone("profiles")
        assert (done.returncode, "log in again" in done.stderr) == (1, True), text


def test_shells_complete_commands_options_and_types_of_events(alone, env):
    for shell in ("bash", "zsh", "fish"):
        assert "_ANSWERBACK_COMPLETE" in alone("completion", shell, PATH=os.environ["PATH"]).stdout
    assert alone("completion", "tcsh").returncode == 2
    script = Path(sys.executable).parent / "answerback"
    for words, position, expected in (("answerback lis", "1", "listen"), ("answerback trigger snap", "2", "snapshot")):
        completing = {"_ANSWERBACK_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": position}
        done = subprocess.run([script], env={**env, **completing}, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert f"plain,{expected}" in done.stdout, done
