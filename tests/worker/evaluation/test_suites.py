"""`answerback eval`: figures as published, cases of one's own, a page, a comparison, and a gate that closes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kb.embedding import OnnxEmbedder
from kb.export import DEFAULT_MODEL
from kb.quality import LabelsUnreadable
from tests.support.processes import ROOT
from worker.answering.extractive import ExtractiveAnswerer
from worker.evaluation import suites
from worker.evaluation.claims import generate_claims

DATA = Path(os.environ.get("ANSWERBACK_EVAL_DATA", "none"))
DESK = ROOT / "tests" / "data" / "desk"


def measured(folder, embedder, *, whole=False):
    setup = suites.Setup(embedder=embedder, answerer=ExtractiveAnswerer(embedder), min_relevance=0.48, whole=whole)
    return {name: measure.value for name, measure in suites.run(folder, setup).measures.items()}


@pytest.mark.skipif(not (DATA / "scifact").is_dir(), reason="ANSWERBACK_EVAL_DATA has no scifact")
def test_the_dense_leg_scores_on_scifact_what_was_published(models):
    """All-MiniLM-L6-v2, title and text, exact search: nDCG@10 0.645 (MTEB); else pooling or truncation is wrong."""
    found = measured(DATA / "scifact", OnnxEmbedder.load(models / DEFAULT_MODEL, precision="fp32"), whole=True)
    dense, lexical = found["retrieval dense ndcg@10"], found["retrieval lexical ndcg@10"]
    assert dense == pytest.approx(0.645, abs=0.005)
    assert lexical == pytest.approx(0.683, abs=0.01)
    assert found["retrieval fused ndcg@10"] > max(dense, lexical)
    assert found["grounding: false claims rejected"] > 0.97
    assert found["grounding: true claims accepted"] > 0.95


@pytest.mark.skipif(not (DATA / "stackfaq").is_dir(), reason="ANSWERBACK_EVAL_DATA has no stackfaq")
def test_paraphrased_questions_find_their_answers_and_are_answered_from_them(embedder):
    found = measured(DATA / "stackfaq", embedder)
    assert found["retrieval dense ndcg@10"] > 0.94
    assert found["retrieval fused ndcg@10"] > 0.94
    assert found["answering: answered correctly, of answerable questions"] > 0.92


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
    assert page.count("<svg") == 3
    assert "Against" in page
    kept = json.loads((tmp_path / "now.json").read_text())
    assert kept["measures"]["refusal AUROC"]["low"] <= kept["measures"]["refusal AUROC"]["value"]
    compared = run("--compare", DESK / "baseline.json", tmp_path / "now.json", "--json", models=models)
    assert {one["verdict"] for one in json.loads(compared.stdout)} <= {"same", "better"}


def test_the_gate_closes_on_a_real_loss(models):
    done = run(DESK, "--gate", DESK / "baseline.json", models=models, ANSWERBACK_MIN_RELEVANCE="0.8")
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
        {"claim": "Refunds take 5 days.", "passage": "Refunds take five days.", "supported": True},
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


def test_claims_of_each_kind_are_made():
    texts = [
        "The warranty lasts 24 months and is free. You can add a seat before you pay, as Klarna says.",
        "Open the box with care. The parcel is not insured. It usually arrives within 3 days at Berlin.",
        "Deliveries to Norway are slower (by a week). Please add the receipt, which must be public.",
    ]
    claims = generate_claims(texts * 8, seed=3)
    kinds = {(claim.kind, claim.supported) for claim in claims}
    assert kinds >= {("quoted", True), ("number", False), ("negation", False), ("elsewhere", False), ("name", False)}
    assert generate_claims(texts * 8, seed=3) == claims
