"""Reading a message: the labelled cases are well formed, and what the customer wrote now is found."""

import json
import time

import pytest

from tests.support.processes import ROOT
from worker.evaluation.messages import measures
from worker.reading.message import read, text_of
from worker.reading.parts import PartKind

FOLDER = ROOT / "tests" / "data" / "messages"
CASES = [json.loads(line) for path in sorted(FOLDER.glob("reading.*.jsonl")) for line in path.open()]
LANGUAGES = {"en", "de", "fr", "es", "it", "nl", "pt", "pl"}


def test_the_labelled_cases_have_every_language_and_client_in_both_splits():
    assert len(CASES) == len({case["id"] for case in CASES}) >= 120
    for split in ("dev", "held_out"):
        rows = [json.loads(line) for line in (FOLDER / f"reading.{split}.jsonl").open()]
        assert {row["language"] for row in rows} == LANGUAGES
        assert {"gmail", "outlook", "outlook-mobile", "iphone", "apple", "thunderbird", "yahoo", "samsung"} <= {
            row["client"] for row in rows
        }
        assert {part["kind"] for row in rows for part in row["parts"]} == set(PartKind)


@pytest.mark.parametrize("split", ["dev", "held_out"])
def test_messages_are_read_as_a_person_reads_them(split):
    found = {name: measure.value for name, measure in measures(FOLDER).items() if split in name}
    assert found[f"messages {split}: read exactly"] >= 0.95
    assert found[f"messages {split}: characters of the customer lost"] <= 0.01
    assert found[f"messages {split}: characters of quotes kept"] <= 0.01
    assert found[f"messages {split}: people not taken for machines"] == 1.0
    assert found[f"messages {split}: automatic mail told"] >= 0.9


def test_the_parts_of_a_message_hold_all_of_its_text():
    for case in CASES:
        text = text_of(case["content"])
        assert "".join("".join(part.text for part in read(case["content"]).parts).split()) == "".join(text.split())


def test_a_greeting_alone_is_what_the_customer_wrote():
    assert read("Hello").written == "Hello"
    assert read("Vielen Dank!\nMia").written == "Vielen Dank!\nMia"


def test_a_message_that_only_forwards_another_is_read_for_what_that_says():
    forwarded = (
        "---------- Forwarded message ---------\nFrom: A <a@b.example>\nDate: 1 May\nSubject: X\nTo: B\n\nIs it so?"
    )
    assert read(forwarded).written == "Is it so?"


def test_a_hostile_message_is_read_in_time():
    for text in ("> a\n" * 5_000, "From: a\nTo: b\n" * 1_400, "<div>" * 5_000, "Thanks\n\n" * 2_500, "On 1: " * 3_000):
        began = time.process_time()
        read(text)
        assert time.process_time() - began < 2
