"""`answerback eval`: figures as published, cases of one's own, a page, a comparison, and a gate that closes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kb import quality
from kb.quality import LabelsUnreadable
from tests.support.processes import ROOT
from worker.answering.drafting.extractive import ExtractiveAnswerer
from worker.answering.questions.gate import Gate
from worker.evaluation import suites

DATA = Path(os.environ.get("ANSWERBACK_EVAL_DATA", "none"))
DESK = ROOT / "tests" / "data" / "desk"


def measured(folder, embedder, *, whole=False):
    setup = suites.Setup(embedder=embedder, answerer=ExtractiveAnswerer(embedder), gate=Gate(risk=0.5), whole=whole)
    return {name: measure.value for name, measure in suites.run(folder, setup).measures.items()}


def retrieved(folder, embedder):
    """Measure search alone: answering a thousand questions takes minutes, and the desk's own set measures it."""
    setup = suites.Setup(embedder=embedder, answerer=ExtractiveAnswerer(embedder))
    labels, results = quality.load(folder), suites.Results()
    with suites.indexed(labels, setup) as opened:
        suites.retrieval(labels, opened, setup, results)
    return {name: measure.value for name, measure in results.measures.items()}


@pytest.mark.skipif(not (DATA / "stackfaq").is_dir(), reason="ANSWERBACK_EVAL_DATA has no stackfaq")
def test_paraphrased_questions_find_their_answers(embedder):
    found = retrieved(DATA / "stackfaq", embedder)
    assert found["retrieval dense ndcg@10"] > 0.94
    assert found["retrieval fused ndcg@10"] > 0.94


def run(*arguments, models, **changes):
    return subprocess.run(
        [sys.executable, "-m", "worker.cli", "eval", *map(str, arguments)],
        env={**os.environ, "ANSWERBACK_MODEL_DIR": str(models), "PYTHONPATH": str(ROOT), **changes},
        capture_output=True,
        text=True,
        timeout=120,
    )


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


def test_own_claims_and_messages_are_measured(embedder, tmp_path):
    claims = [
        {"claim": "Refunds take five days.", "passage": "Refunds take five days.", "supported": True},
        {"claim": "Refunds take 6 days.", "passage": "Refunds take five days.", "supported": False},
    ]
    (tmp_path / "claims.jsonl").write_text("\n".join(map(json.dumps, claims)))
    (tmp_path / "escalation.tsv").write_text(
        "none\twhere is my parcel?\nlegal\tI will sue you\nsafety\tI will sue you\n"
    )
    found = measured(tmp_path, embedder)
    assert found["given claims: true claims accepted"] == found["given claims: false claims rejected"] == 1.0
    assert found["escalation: sensitivity"] == 0.5
    (tmp_path / "claims.jsonl").unlink()
    (tmp_path / "escalation.tsv").unlink()
    with pytest.raises(LabelsUnreadable):
        measured(tmp_path, embedder)


def test_a_gate_does_not_pass_what_it_could_not_compare(models, tmp_path):
    (tmp_path / "escalation.tsv").write_text("none\twhere is my parcel?\n")
    assert run(tmp_path, "--output", tmp_path / "kept.json", models=models).returncode == 0
    (tmp_path / "escalation.tsv").write_text("none\tcan I pay by card?\n")
    done = run(tmp_path, "--gate", tmp_path / "kept.json", models=models)
    assert done.returncode == 1
    assert "of the earlier results is missing" in done.stderr


def test_odd_sets_are_measured_as_far_as_they_go(embedder, tmp_path):
    (tmp_path / "claims.jsonl").write_text('{"claim": "A box.", "passage": "A box.", "supported": true}')
    (tmp_path / "escalation.tsv").write_text("")
    assert list(measured(tmp_path, embedder)) == ["given claims: true claims accepted"]
    (tmp_path / "claims.jsonl").write_text("[1]")
    with pytest.raises(LabelsUnreadable):
        measured(tmp_path, embedder)
