import json

import pytest

from kb.quality import LabelsUnreadable
from worker.evaluation import answers

PASSAGE = "A return costs €3.90. Parcels are kept for ten days."
PAIRS = [
    {"question": "what does a return cost?", "passage": PASSAGE, "title": "Returns", "answered": True},
    {"question": "who pays for a return from abroad?", "passage": PASSAGE, "title": "Returns", "answered": False},
]


def judge(question: str, _passage: str, title: str) -> float:
    return 0.9 if "cost" in question and title == "Returns" else 0.3


def test_pairs_are_told_apart_and_counted_at_the_threshold(tmp_path):
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, PAIRS)))

    found, curves = answers.measures(answers.load(tmp_path), judge, min_confidence=0.5)

    assert {name: measure.value for name, measure in found.items()} == {
        "answers AUROC": 1.0,
        "answers: true negative rate at 95 % true positive rate": 1.0,
        "answers: kept, of passages that answer": 1.0,
        "answers: kept, of passages that do not": 0.0,
    }
    assert curves["answers: not answering among those kept against answering ones kept"] == [(1.0, 0.0)]


def test_queries_that_name_their_passage_are_pairs(tmp_path):
    (tmp_path / "corpus.jsonl").write_text(json.dumps({"_id": "p", "title": "The_Normans", "text": PASSAGE}))
    query = {"_id": "q", "text": "what does a return cost?", "passage_id": "p", "answerable": False}
    (tmp_path / "queries.jsonl").write_text(json.dumps(query))

    (pair,) = answers.load(tmp_path)

    assert (pair.passage, pair.title, pair.answered) == (PASSAGE, "The Normans", False)


def test_a_set_without_pairs_has_none(tmp_path):
    (tmp_path / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "?"}))

    assert answers.load(tmp_path) == []


def test_a_malformed_set_is_refused(tmp_path):
    (tmp_path / "pairs.jsonl").write_text('{"question": "?"}')

    with pytest.raises(LabelsUnreadable, match="passage"):
        answers.load(tmp_path)
