"""What `doctor` says of each thing that can be wrong: what it is, and what to do about it."""

import shutil
import time

from tests.support.stack import services
from tests.worker.checks.doctor import ask
from worker import checks
from worker.checks import parts
from worker.runtime.presence import Presence
from worker.settings import Settings


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
        for state, told in (
            ("working", None),
            ("lexical_only", "`answerback model export`"),
            ("cut_off", "the broker"),
        ):
            presence = Presence(built.store, holder="test", roles=("answer",), state=lambda state=state: state)
            presence.report()
            problem = checks.run(parts.workers(built.settings, "answer")).problem
            assert problem is None if told is None else told in problem
            presence.withdraw()


def test_a_database_that_is_not_migrated_is_named_once(env, tmp_path):
    found = ask(Settings.from_env({**env, "ANSWERBACK_HOME": str(tmp_path / "new")}))
    assert "`answerback migrate`" in found["database"].problem
    for name in ("snapshot", "answer worker"):
        assert "its own check says" in found[name].problem
