"""Messages as a labelled set: characters are counted, and a broken line is named."""

import json

import pytest

from kb.quality import LabelsUnreadable
from worker.evaluation.messages import measure, measures

PARTS = {"written": "Why is it late?", "quoted": "On 1 May 2026, Shop wrote:\n> No."}


def test_what_is_lost_and_what_is_kept_is_counted_in_characters():
    exact = measure("Why is it late?\n\nOn 1 May 2026, Shop wrote:\n> No.", PARTS)
    assert (exact.exact, exact.lost, exact.kept) == (True, 0, 0)
    lost = measure("Why?", PARTS)
    assert (lost.exact, lost.lost) == (False, len("Whyisitlate?"))
    kept = measure("Why is it late?\nNo.", {**PARTS, "quoted": "No."})
    assert (kept.exact, kept.kept, kept.quoted) == (False, 3, 3)


def test_a_folder_of_ones_own_is_measured_by_split(tmp_path):
    row = {"id": "1", "content": "Why?", "parts": [{"kind": "written", "text": "Why?"}]}
    (tmp_path / "reading.mine.jsonl").write_text(json.dumps(row) + "\n")
    assert measures(tmp_path)["messages mine: read exactly"].value == 1.0


def test_a_line_that_lacks_a_field_is_named(tmp_path):
    (tmp_path / "automatic.mine.jsonl").write_text('{"id": "1"}\n')
    with pytest.raises(LabelsUnreadable, match=r"automatic\.mine\.jsonl, line 1"):
        measures(tmp_path)
