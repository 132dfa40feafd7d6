"""Sets are measured: figures as published, and cases of one's own."""

import json
import os
from pathlib import Path

import pytest

from kb import quality
from kb.quality import LabelsUnreadable
from worker.answering.drafting.extractive import ExtractiveAnswerer
from worker.answering.questions.gate import Gate
from worker.evaluation import suites

DATA = Path(os.environ.get("ANSWERBACK_EVAL_DATA", "none"))


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


def test_odd_sets_are_measured_as_far_as_they_go(embedder, tmp_path):
    (tmp_path / "claims.jsonl").write_text('{"claim": "A box.", "passage": "A box.", "supported": true}')
    (tmp_path / "escalation.tsv").write_text("")
    assert list(measured(tmp_path, embedder)) == ["given claims: true claims accepted"]
    (tmp_path / "claims.jsonl").write_text("[1]")
    with pytest.raises(LabelsUnreadable):
        measured(tmp_path, embedder)
