"""What `doctor` says of each thing that can be wrong: what it is, and what to do about it."""

import shutil
import socket
import time
from dataclasses import replace

import pytest

from tests.support.stack import environment, prepare, services
from worker import checks
from worker.checks import parts
from worker.runtime.presence import Presence
from worker.settings import Settings


@pytest.fixture
def env(tmp_path, models, valkey_url):
    made = environment(tmp_path / "home", valkey_url, models, ANSWERBACK_REDIS_PREFIX=f"{tmp_path.name}:")
    prepare(made)
    return made


def ask(settings):
    return {one.name: one for one in map(checks.run, checks.for_doctor(settings))}


def test_every_check_says_what_hangs_on_it_and_most_are_well_before_anything_runs(env):
    found = ask(Settings.from_env({**env, "ANSWERBACK_SMTP_URL": "smtp://127.0.0.1:1", "OPENAI_API_KEY": "x"}))
    assert all(one.why.endswith(".") for one in found.values())
    assert {name for name, one in found.items() if one.problem is None} >= {
        *("home", "space", "database", "clock", "redis", "broker", "model", "snapshot", "rules", "tools"),
    }
    for role in ("answer", "callback", "ingest"):
        assert f"`answerback worker {role}`" in found[f"{role} worker"].problem


def test_a_full_disk_is_noticed(env, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=10 * 1024**2))
    assert "10 MB are free" in ask(Settings.from_env(env))["space"].problem


def test_clocks_that_disagree_are_noticed(env, monkeypatch):
    settings = Settings.from_env(env)
    now = time.time
    monkeypatch.setattr(parts.time, "time", lambda: now() + 60)
    assert "60 s apart: let both follow NTP" in checks.run(parts.clock(settings)).problem


def test_a_worker_that_is_ill_is_noticed(env):
    with services(env) as built:
        for state, told in (("working", None), ("lexical_only", "`answerback model`"), ("cut_off", "the broker")):
            presence = Presence(built.store, holder="test", roles=("answer",), state=lambda state=state: state)
            presence.report()
            problem = checks.run(parts.workers(built.settings, "answer")).problem
            assert problem is None if told is None else told in problem
            presence.withdraw()


def test_a_database_that_is_not_migrated_is_named_once(env, tmp_path):
    found = ask(Settings.from_env({**env, "ANSWERBACK_HOME": str(tmp_path / "new")}))
    assert "`answerback migrate`" in found["database"].problem
    for name in ("snapshot", "answer worker"):
        assert "see its own check" in found[name].problem


def test_a_language_model_that_cannot_be_asked_is_noticed(env, model_url):
    settings = Settings.from_env({**env, "OPENAI_BASE_URL": f"{model_url}/v1", "ANSWERBACK_MODELS": "good"})
    assert ask(settings)["language model"].problem is None
    assert "ANSWERBACK_MODELS" in ask(replace(settings, models=("bad",)))["language model"].problem
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = replace(settings, openai_base_url=f"http://127.0.0.1:{nobody.getsockname()[1]}/v1")
        problem = ask(away)["language model"].problem
    assert "cannot be reached" in problem
    assert "OPENAI_BASE_URL" in problem


def test_a_mail_server_that_takes_nothing_is_noticed_and_its_password_is_not_told(env):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"smtp://user:geheim@127.0.0.1:{nobody.getsockname()[1]}"
        problem = ask(Settings.from_env({**env, "ANSWERBACK_SMTP_URL": url}))["mail"].problem
    assert "ANSWERBACK_SMTP_URL" in problem
    assert "geheim" not in problem
