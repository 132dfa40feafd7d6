"""`answerback eval`: a page, a comparison, and a gate that closes."""

import json
import os

from tests.support import commands
from tests.support.processes import ROOT

DESK = ROOT / "tests" / "data" / "desk"


def run(*arguments, models, **changes):
    env = {**os.environ, "ANSWERBACK_MODEL_DIR": str(models), **changes}
    return commands.invoke("eval", *map(str, arguments), env=env)


def test_this_version_is_no_worse_than_the_one_that_was_kept(models, tmp_path):
    done = run(
        DESK,
        *("--gate", DESK / "baseline.json", "--report", tmp_path / "page.html", "--output", tmp_path / "now.json"),
        models=models,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "page.html").read_text()
    assert page.count("<svg") == 4
    assert "Against" in page
    kept = json.loads((tmp_path / "now.json").read_text())
    assert kept["measures"]["refusal AUROC"]["low"] <= kept["measures"]["refusal AUROC"]["value"]
    compared = run("--compare", DESK / "baseline.json", tmp_path / "now.json", "--json", models=models)
    assert {one["verdict"] for one in json.loads(compared.stdout)} <= {"same", "better"}


def test_the_gate_closes_on_a_real_loss(models):
    done = run(DESK, "--gate", DESK / "baseline.json", models=models, ANSWERBACK_GATE_RISK="0.02")
    assert done.returncode == 1
    assert "Regression" in done.stderr
    assert "answering: answered correctly, of answerable questions" in done.stdout


def test_what_is_no_labelled_set_is_told(models, tmp_path):
    for name, text, problem in (
        ("x.txt", "", "not a labelled set"),
        ("escalation.tsv", "one column\n", "line 1: 2 columns"),
        ("claims.jsonl", '{"claim": "x"}\n', "cannot be read"),
    ):
        (tmp_path / name).write_text(text)
        done = run(tmp_path, models=models)
        assert done.returncode == 1
        assert problem in done.stderr
        (tmp_path / name).unlink()
    (tmp_path / "no.json").write_text("[]")
    assert "does not hold results" in run("--compare", tmp_path / "no.json", tmp_path / "no.json", models=models).stderr
    assert run(models=models).returncode == 2


def test_a_gate_does_not_pass_what_it_could_not_compare(models, tmp_path):
    (tmp_path / "escalation.tsv").write_text("none\twhere is my parcel?\n")
    assert run(tmp_path, "--output", tmp_path / "kept.json", models=models).returncode == 0
    (tmp_path / "escalation.tsv").write_text("none\tcan I pay by card?\n")
    done = run(tmp_path, "--gate", tmp_path / "kept.json", models=models)
    assert done.returncode == 1
    assert "of the earlier results is missing" in done.stderr
