"""The command line, as a person and as a script use it."""

import json
import subprocess
import sys

import pytest

from tests.support.helpdesks import TOKEN, FakeZendesk
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


def test_ingest_ask_search_roll_back(run, tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "password.md").write_text("# Reset your password\n\nOpen the sign-in page and choose Forgot password.\n")
    (folder / "bad.csv").write_text("a,b\n1,2\n")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    done = run("ingest", str(folder))
    assert done.returncode == 1
    assert "bad.csv: The table needs" in done.stderr
    assert "1 added or changed, 0 unchanged, 1 failed" in done.stdout
    (folder / "bad.csv").unlink()
    again = json.loads(run("ingest", "--json", str(folder)).stdout)
    assert again == {"added": 0, "unchanged": 1, "failed": {}, "snapshot": None}

    asked = run("ask", "How do I reset my password?")
    assert asked.returncode == 0, asked.stderr
    assert "choose Forgot password [1]." in asked.stdout
    assert "Sources" in asked.stdout
    told = json.loads(run("ask", "--json", "How do I reset my password?").stdout)
    assert (told["outcome"], told["citations"][0]["title"]) == ("answer", "Reset your password")
    handed = json.loads(run("ask", "--json", "Who won the world cup?").stdout)
    assert (handed["outcome"], handed["reason"]) == ("handoff", "no_answer")

    (found,) = json.loads(run("search", "--json", "forgotten password").stdout)["items"]
    assert found["scores"]["dense"] > 0.4
    (folder / "second.md").write_text("# Parcels\n\nParcels arrive in two days.\n")
    run("ingest", str(folder))
    versions = json.loads(run("snapshots", "--json").stdout)
    assert [one["active"] for one in versions] == [True, False]
    assert run("snapshots", "activate", versions[1]["version"]).returncode == 0
    assert len(json.loads(run("search", "--json", "parcels").stdout)["items"]) == 1
    assert run("snapshots", "activate", "none").returncode == 1


def test_what_operators_do_here_is_kept(run):
    run("keys", "make", "desk", "--scopes", "read")
    (key,) = [one for one in json.loads(run("keys", "list", "--json").stdout) if one["name"] == "desk"]
    assert run("keys", "password", key["id"], "grace", "--password", "correct horse").returncode == 0
    assert run("keys", "password", key["id"], "grace", "--password", "short").returncode == 1
    run("keys", "revoke", key["id"])
    kept = json.loads(run("audit", "--json").stdout)
    assert [(one["action"], one["subject"], one["via"]) for one in kept] == [
        ("keys.revoke", key["id"], "cli"),
        ("keys.set_password", key["id"], "cli"),
        ("keys.make", "desk", "cli"),
    ]
    assert all(one["actor"] for one in kept)
    assert "keys.revoke" in run("audit").stdout


def test_keys_are_made_listed_and_revoked(run):
    made = run("keys", "make", "desk", "--scopes", "read", "--expires-in-days", "1").stdout.strip()
    assert made.startswith("ab_")
    (listed,) = [key for key in json.loads(run("keys", "list", "--json").stdout) if key["name"] == "desk"]
    assert listed["scopes"] == ["read"]
    assert made not in run("keys", "list").stdout
    assert run("keys", "revoke", listed["id"]).returncode == 0
    assert run("keys", "revoke", "key_none").returncode == 1
    assert run("keys", "make", "x", "--scopes", "root").returncode == 2
    assert run("keys", "callback-secret").stdout.startswith("whsec_")


def test_what_goes_wrong_is_one_sentence(run, tmp_path):
    for arguments, changes, expected in (
        (("ingest", str(tmp_path)), {"ANSWERBACK_MODEL_DIR": str(tmp_path)}, "answerback model"),
        (("search", "x"), {}, "ingest documents first"),
        (("search", "x"), {"ANSWERBACK_DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}, "answerback migrate"),
        (("eval", str(tmp_path)), {}, "not a labelled set"),
        (("doctor",), {"ANSWERBACK_PORT": "x"}, "ANSWERBACK_PORT must be"),
    ):
        done = run(*arguments, **changes)
        assert done.returncode == 1, arguments
        assert expected in done.stderr
        assert "Traceback" not in done.stderr


def test_a_worker_refuses_to_start_when_a_check_fails(run, tmp_path):
    done = run("worker", "ingest", ANSWERBACK_MODEL_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "answerback model" in done.stderr
    wrong = tmp_path / "rules.toml"
    wrong.write_text("[[rule]]\nname = 1\n")
    done = run("worker", "answer", ANSWERBACK_RULES=str(wrong))
    assert done.returncode == 1
    assert "rules.toml" in done.stderr


def test_help_is_everywhere(run):
    for arguments in ((), ("ask",), ("keys", "make"), ("snapshots",), ("worker",)):
        assert "Usage:" in run(*arguments, "--help").stdout


def test_a_helpdesk_is_connected_set_up_checked_and_changed(run):
    desk = FakeZendesk()
    local = {"ANSWERBACK_CALLBACK_ALLOW": "127.0.0.0/8"}
    connect = ["helpdesk", "connect", "support", "--kind", "zendesk", "--url", desk.url, "--token", "wrong"]
    assert "bot_id" in run(*connect, **local).stderr
    done = run(*connect, "--option", "email=bot@desk.example", "--option", "bot_id=900", **local)
    assert done.returncode == 0, done.stderr
    assert "mode draft" in done.stdout
    assert "/inbound" in run("helpdesk", "setup", "support", "--public-url", "https://a.example", **local).stdout
    checked = run("helpdesk", "check", "support", **local)
    assert (checked.returncode, "401" in checked.stdout) == (1, True)
    changed = run("helpdesk", "change", "support", "--token", TOKEN, "--mode", "reply", **local)
    assert changed.returncode == 0, changed.stderr
    assert run("helpdesk", "check", "support", **local).returncode == 0
    (shown,) = json.loads(run("helpdesk", "--json").stdout)
    assert (shown["name"], shown["mode"]) == ("support", "reply")
    assert run("helpdesk", "check", "other").returncode == 1
    desk.shutdown()
    desk.server_close()


def test_deliveries_are_listed_shown_and_sent_again(run):
    assert json.loads(run("deliveries", "--json").stdout) == []
    assert run("deliveries", "show", "whd_none").returncode == 1
    assert run("deliveries", "replay", "whd_none").returncode == 1
    assert run("deliveries", "replay").returncode == 2
    assert "0 will be sent again" in run("deliveries", "replay", "--since", "2026-01-01").stdout
