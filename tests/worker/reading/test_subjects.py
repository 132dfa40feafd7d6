"""Subjects: read with the body that leans on them."""

import json

import pytest

from tests.support.processes import ROOT
from worker.reading.message import read
from worker.reading.subjects import bare, together

FOLDER = ROOT / "tests" / "data" / "messages"


@pytest.mark.parametrize("split", ["dev", "held_out"])
def test_subject_and_body_say_together_what_is_asked(split):
    rows = [json.loads(line) for line in (FOLDER / f"subjects.{split}.jsonl").open()]
    wrong = [row for row in rows if read(row["content"], subject=row["subject"]).written != row["written"]]
    assert len(wrong) <= 2, wrong


def test_a_subject_is_read_without_prefixes_and_tags():
    assert bare("Re: AW: [Ticket #12] Fwd: Return") == "Return"
    assert bare("Re:") == "Re:"


def test_a_body_of_its_own_stays_alone():
    body = "Can I still change the delivery address of this order?"
    assert together("Order 10482", body) == body
    assert together(None, body) == body
