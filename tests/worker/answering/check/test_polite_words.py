"""Sentences that claim nothing are told in every language that the desk answers in."""

import csv

import pytest

from tests.support.processes import ROOT
from worker.answering.check.pleasantries import is_pleasantry, may_be_sent

with (ROOT / "tests" / "data" / "pleasantries" / "cases.tsv").open(newline="") as file:
    CASES = list(csv.DictReader(file, delimiter="\t"))
LANGUAGES = sorted({case["language"] for case in CASES})

#: Measured on the half that no word was chosen on: of 10 polite sentences in each language, one may be missed, or two.
MIN_POLITE = 8


def texts(language: str, *, is_polite: bool, half: str | None = None) -> list[str]:
    wanted = "polite" if is_polite else "claim"
    return [
        case["text"]
        for case in CASES
        if case["language"] == language and case["is"] == wanted and half in (None, case["half"])
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_polite_costs_no_answer(language):
    assert [text for text in texts(language, is_polite=True, half="dev") if not is_pleasantry(text)] == []
    held_out = texts(language, is_polite=True, half="held_out")
    assert sum(map(is_pleasantry, held_out)) >= MIN_POLITE


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_claim_is_never_sent_as_politeness(language):
    assert [text for text in texts(language, is_polite=False) if may_be_sent(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, we can't help you.",
        "I'm happy to refund you.",
        "Hello Anna, Monday is fine.",
        "Hello, Orders Ship Monday Morning.",
        "Thank you for 20 years.",
        "Danke, kein Gutschein.",
        "Merci, ce n'est pas possible.",
        "Dziękujemy, nie ma zwrotów.",
        "",
        "😊",
    ],
)
def test_what_says_more_than_thanks_needs_a_source(text):
    assert not may_be_sent(text)
