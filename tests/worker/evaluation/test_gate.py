"""The gate is measured on messages with and without an answer, and on harmless additions to them."""

import json

import pytest

from kb.quality import LabelsUnreadable
from worker.answering.questions.gate import OPEN, Gate
from worker.evaluation import gate as gates

ROWS = (
    {"id": "1", "text": "How do I wash wool?", "answerable": True, "kind": "short"},
    {"id": "2", "text": "Who wrote Hamlet?", "answerable": False, "kind": "far"},
)


@pytest.fixture
def labelled(folder):
    rows = [{**row, "domain": "shop", "split": "dev", "article": None, "language": "en"} for row in ROWS]
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    added = [
        {"id": "1", "split": "dev", "kind": "greeting", "text": "Hello,\n\nHow do I wash wool?\n\nKind regards\nJo"},
        {"id": "1", "split": "dev", "kind": "other", "text": "Zebras graze."},
    ]
    (folder / "additions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in added))
    return folder


def test_what_passes_and_what_an_addition_changes_are_counted(labelled, embedder):
    measured = gates.measures(labelled, gates.load(labelled), embedder=embedder, gate=Gate(risk=0.5))
    assert {name: measure.value for name, measure in measured.items()} == {
        "gate dev: pass, of answerable questions": 1.0,
        "gate dev: kept out, of `far`": 1.0,
        "gate dev: changed by an addition": 0.5,
        "gate dev: changed by `greeting`": 0.0,
        "gate dev: changed by `other`": 1.0,
    }
    assert measured["gate dev: changed by an addition"].better == "lower"


def test_an_open_gate_keeps_nothing_out(labelled, embedder):
    measured = gates.measures(labelled, gates.load(labelled), embedder=embedder, gate=OPEN)
    assert measured["gate dev: kept out, of `far`"].value == 0.0
    assert measured["gate dev: changed by an addition"].value == 0.0


def test_a_folder_without_additions_has_none_and_a_malformed_one_is_refused(folder, labelled):
    (labelled / "additions.jsonl").write_text('{"id": 1}\n')
    with pytest.raises(LabelsUnreadable):
        gates.load(labelled)
    (labelled / "additions.jsonl").unlink()
    assert gates.load(folder) == []
