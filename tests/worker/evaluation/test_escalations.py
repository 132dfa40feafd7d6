"""What a desk labels itself is measured by category."""

import json

import pytest

from kb.quality import LabelsUnreadable
from tests.support.processes import ROOT
from worker.answering.triage.recogniser import NOTHING
from worker.evaluation import escalations

#: Nothing below these is released; docs/quality.md has the figures, which are a little higher.
FLOORS = {"dev recall": 0.88, "dev harmless": 0.97, "held_out recall": 0.84, "held_out harmless": 0.96}


def write(folder, *rows):
    lines = [json.dumps({"language": "en", **row}) for row in rows]
    (folder / "escalation.dev.jsonl").write_text("\n".join(lines))


def test_messages_are_measured_by_category_with_the_turns_before_them(tmp_path):
    talk = ["The app crashes", "Restart it.", "That did not help", "Update it."]
    (tmp_path / "conversations.json").write_text(json.dumps({"app": talk}))
    write(
        tmp_path,
        {"label": "legal", "text": "I am taking legal action"},
        {"label": "legal", "text": "You will get post"},
        {"label": "repeated_failure", "text": "It still does not work", "after": "app"},
        {"label": "none", "text": "It still does not work"},
        {"label": "none", "text": "It smells of burning"},
    )
    found = {name: measure.value for name, measure in escalations.measures(tmp_path, lambda _text: NOTHING).items()}
    assert found["escalation dev: recall of legal"] == 0.5
    assert found["escalation dev: recall of repeated_failure"] == 1.0
    assert found["escalation dev: recall"] == found["escalation dev: precision"] == pytest.approx(2 / 3)
    assert found["escalation dev: harmless messages not handed off"] == 0.5


def test_a_line_that_cannot_be_read_is_named(tmp_path):
    write(tmp_path, {"label": "legal", "text": "x"}, {"label": "legal", "text": "x", "after": "nothing"})
    with pytest.raises(LabelsUnreadable, match=r"escalation.dev.jsonl, line 2: KeyError"):
        escalations.measures(tmp_path, lambda _text: NOTHING)


def test_this_version_recognises_what_docs_quality_says(recogniser):
    measured = escalations.measures(ROOT / "tests" / "data" / "escalation", recogniser.recognise)
    for split in ("dev", "held_out"):
        assert measured[f"escalation {split}: recall"].value >= FLOORS[f"{split} recall"]
        quiet = measured[f"escalation {split}: harmless messages not handed off"]
        assert quiet.value >= FLOORS[f"{split} harmless"]
