"""`answerback backtest`, against a real knowledge base, and killed in between."""

import json
import signal
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from tests.support import commands
from tests.support.processes import ROOT
from tests.support.stack import environment, prepare, services
from worker.launch.up import sample_folder
from worker.store.tables import conversation, message

PAST = """Ticket ID;Subject;Description;Agent reply
1;Payment;How can I pay?;You can pay by card, PayPal, invoice or bank transfer.
2;;Do you repair violins in Antarctica?;No, we do not.
3;Return;"How long do I have to return an item?

Best
Ada";"Hi Ada,

you have 30 days, mail us at help@shop.example."
4;;I want to talk to a human;Hello, I am Tom.
5;;;nothing
"""


@pytest.fixture(scope="module")
def env(tmp_path_factory, models, valkey_url):
    made = environment(tmp_path_factory.mktemp("home"), valkey_url, models, PYTHONPATH=str(ROOT))
    prepare(made, sample=sample_folder())
    return made


@pytest.fixture
def run(tmp_path, env, monkeypatch):
    """Replay the tickets of `past.csv`, in its folder."""
    (tmp_path / "past.csv").write_text(PAST, encoding="cp1252")
    monkeypatch.chdir(tmp_path)
    return lambda *options: commands.invoke("backtest", "past.csv", *options, env=env)


def test_past_tickets_are_answered_and_reported_and_nothing_is_stored_as_a_conversation(run, env, tmp_path):
    done = run("--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["tickets"], figures["bad_rows"], figures["endings"]["answered"]) == (4, 1, 2)
    assert figures["handed_off"] == {"no_answer": 1, "asked_for_person": 1}
    page = (tmp_path / "backtest.html").read_text()
    assert "How long do I have to return an item?" in page
    assert "help@shop.example" not in page
    assert "line 15" not in page
    assert "there is no question" in page
    tickets = json.loads((tmp_path / "backtest.json").read_text())["tickets"]
    assert {"30 days"} <= {fact for one in tickets for fact in (one.get("closeness") or {}).get("shared", [])}
    with services(env) as built, built.store.read() as connection:
        for table in (conversation, message):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0


def test_a_run_that_was_killed_goes_on_and_another_file_is_not_mixed_in(run, env, tmp_path):
    rows = "".join(f"{number};;How long do I have to return item {number}?;30 days\n" for number in range(400))
    (tmp_path / "past.csv").write_text("id;subject;question;reply\n" + rows)
    state = tmp_path / "backtest.state.jsonl"
    command = [sys.executable, "-m", "worker.cli", "backtest", "past.csv"]
    process = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.DEVNULL)
    ends = time.monotonic() + 120
    while (not state.exists() or state.read_text().count("\n") < 4) and time.monotonic() < ends:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = state.read_text().splitlines()
    assert 4 <= len(before) < 400
    assert not (tmp_path / "backtest.html").exists()
    done = run("--limit", str(len(before)), "--json")
    assert done.returncode == 0, done.stderr
    after = state.read_text().splitlines()
    assert after[: len(before) - 1] == before[:-1]
    assert json.loads(done.stdout)["tickets"] == len(before)
    (tmp_path / "past.csv").write_text(PAST)
    refused = run()
    assert refused.returncode == 1
    assert "--restart" in refused.stderr
    assert state.read_text().splitlines() == after


def test_what_cannot_be_read_is_said_before_anything_is_loaded(run, tmp_path):
    (tmp_path / "past.csv").write_text("a,b\n1,2\n")
    refused = run()
    assert refused.returncode == 1
    assert "there are: a, b. Name it: --column question=NAME." in refused.stderr
    (tmp_path / "past.csv").write_text("question,reply\n,\nq,\n")
    assert "line 3: there is no human reply" in run().stderr
    assert not (tmp_path / "backtest.state.jsonl").exists()
