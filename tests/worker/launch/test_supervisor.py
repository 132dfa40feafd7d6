"""supervisord gets a configuration that it reads as it was meant, whatever the home is called."""

import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from worker.errors import StartupFailed
from worker.launch import supervisor
from worker.launch.supervisor import PROGRAMS, Supervisor, environment, own_command
from worker.settings import Settings


@pytest.fixture
def settings(tmp_path):
    """Settings of a home whose name has what supervisord expands and shells split."""
    return Settings(home=tmp_path / "50% off", redis_url="redis://127.0.0.1:1/0")


def configuration(settings: Settings) -> RawConfigParser:
    read = RawConfigParser()
    read.read_string(supervisor._configuration(settings, Path("/run/supervisor.sock")))
    return read


def test_every_program_is_of_one_group_and_starts_only_when_it_is_told_to(settings):
    read = configuration(settings)
    assert read["group:answerback"]["programs"].split(",") == list(PROGRAMS)
    for name, command in PROGRAMS.items():
        program = read[f"program:{name}"]
        assert (program["autostart"], program["autorestart"]) == ("false", "true")
        assert program["command"].endswith(" ".join(["-m", "worker.cli", *command[1:]]))
        assert program["stdout_logfile"] == f"{settings.home}/logs/{name}.log".replace("%", "%%")


def test_a_redis_elsewhere_is_not_started_here(settings):
    assert "group:store" not in configuration(settings)


def test_the_embedded_valkey_starts_first_and_keeps_what_is_queued(settings, monkeypatch):
    monkeypatch.setattr("worker.checks.valkey_binary", lambda: Path("/usr/bin/valkey-server"))
    embedded = Settings(home=settings.home)
    read = configuration(embedded)
    assert read["program:valkey"]["autostart"] == "true"
    assert int(read["group:store"]["priority"]) < int(read["group:answerback"]["priority"])
    assert f"'{settings.home}/run/valkey.conf'".replace("%", "%%") in read["program:valkey"]["command"]
    told = supervisor._valkey_configuration(embedded)
    for line in ("port 0", "appendonly yes", "maxmemory-policy noeviction", f'dir "{settings.home}/valkey"'):
        assert line in told.splitlines()


def test_commands_are_those_of_this_installation_whatever_the_path_is():
    assert own_command("answerback", "web") == [sys.executable, "-m", "worker.cli", "web"]
    assert own_command("valkey-server", "x") == ["valkey-server", "x"]


def test_processes_get_the_home_made_absolute_and_this_code_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    given = environment(Settings(home=Path("data"), redis_url="redis://127.0.0.1:1/0"))
    assert given["ANSWERBACK_HOME"] == str(tmp_path / "data")
    own, elsewhere = given["PYTHONPATH"].split(":")
    assert (Path(own) / "worker" / "launch" / "supervisor.py").is_file()
    assert elsewhere == "/elsewhere"


def test_a_folder_of_somebody_else_is_not_used(settings, monkeypatch, tmp_path):
    with (tmp_path / "lock").open("w") as lock:
        runs = Supervisor(settings, lock)
        monkeypatch.setattr("os.getuid", lambda: 1 + tmp_path.stat().st_uid)
        with pytest.raises(StartupFailed, match="belongs to somebody else"):
            runs.begin()
        with pytest.raises(StartupFailed, match="supervisord ended"):
            runs.require_alive()
        runs.end()
