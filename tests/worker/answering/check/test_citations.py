"""The forms in which models write citations, from real answers, and what only looks like one."""

from dataclasses import replace

import pytest

from kb.search import Hit
from tests.support.fakes import hit
from worker.answering.check.citations import normalized, without_attribution
from worker.answering.check.grounding import check


def replace_title(found: Hit, title: str) -> Hit:
    return replace(found, record=replace(found.record, title=title))


HITS: list[Hit] = [
    replace_title(hit("Returns are free within 30 days. The label is in the parcel."), "Returns"),
    replace_title(hit("We refund you within three days. Refunds go to the card that you paid with."), "Refunds"),
]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Returns are free [1].", "Returns are free [1]."),
        ("Returns are free [ 1 ].", "Returns are free [1]."),
        ("Returns are free 【1】.", "Returns are free[1]."),
        ("Returns are free【1†source】.", "Returns are free[1]."),
        ("Returns are free 【1†L3-L9】.", "Returns are free[1]."),
        ("Returns are free ［2］.", "Returns are free[2]."),
        ("Returns are free [1-2].", "Returns are free [1, 2]."),
        ("Returns are free [1–3].", "Returns are free [1, 2, 3]."),
        ("Returns are free [1]-[3].", "Returns are free [1, 2, 3]."),
        ("Returns are free [1; 2].", "Returns are free [1, 2]."),
        ("Returns are free [1 and 2].", "Returns are free [1, 2]."),
        ("Returns are free [[1]].", "Returns are free [1]."),
        ("Returns are free [1](https://shop.example/returns).", "Returns are free [1]."),
        ("Returns are free [[1]](https://shop.example/returns#free).", "Returns are free [1]."),
        ("Returns are free (passage 1).", "Returns are free [1]."),
        ("Returns are free (see passages 1 and 2).", "Returns are free [1, 2]."),
        ("Returns are free [Passage 1, 2].", "Returns are free [1, 2]."),
        ("Returns are free [Source: 1].", "Returns are free [1]."),
        ("Returns are free (Source: [1]).", "Returns are free [1]."),
        ("Returns are free [cite: 1, 2].", "Returns are free [1, 2]."),
        ("Returns are free [citation:1].", "Returns are free [1]."),
        ("Returns are free [doc 1].", "Returns are free [1]."),
        ("Returns are free (siehe Quelle 2).", "Returns are free [2]."),
        ("Returns are free [^1].", "Returns are free [1]."),
        ("Returns are free[^1^].", "Returns are free[1]."),
        ("Returns are free^[1].", "Returns are free[1]."),
        ("Returns are free.¹", "Returns are free.[1]"),
        ("Returns are free¹ ².", "Returns are free[1, 2]."),
        ("Returns are free<sup>1</sup>.", "Returns are free[1]."),
        ("Returns are free <sup>[1]</sup>.", "Returns are free [1]."),
        ("Returns are free ([1], [2]).", "Returns are free [1], [2]."),
        ("Returns are free \\[1\\].", "Returns are free [1]."),
        ("Returns are free [#1].", "Returns are free [1]."),
    ],
)
def test_each_form_is_read(written, read):
    assert normalized(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "Use items[0] for the first.",
        "It was so in [2024] too.",
        "See step (1) above.",
        "The room has 20 m² and 5 cm³.",
        "That is 10³ times x^2.",
        "Pages [1-200] are free.",
        "Choose [Save] or [x].",
        "The values [1,2,3] are sorted.",
        "We ship in 3-5 days.",
        "Article 12 of the law applies.",
        "You can withdraw within 14 days (Article 4).",
        "It takes [3-5] days.",
        "The garden has 300 metres² of lawn.",
    ],
)
def test_other_brackets_and_numbers_stay(text):
    assert normalized(text) == text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("According to [1], returns are free.", "Returns are free [1]."),
        ("According to passage 1, returns are free.", "Returns are free [1]."),
        ("As stated in [1, 2], returns are free!", "Returns are free [1, 2]!"),
        ("Based on passage [1], returns are free.", "Returns are free [1]."),
        ("Laut Quelle 2, returns are free.", "Returns are free [2]."),
        ("Passage 2 says that returns are free.", "Returns are free [2]."),
        ("[1] states that returns are free.", "Returns are free [1]."),
        ("According to our terms, returns are free.", "According to our terms, returns are free."),
        ("Per the invoice, 2 items are free.", "Per the invoice, 2 items are free."),
        ("Per 1,000 requests, plans cost $2.", "Per 1,000 requests, plans cost $2."),
        ("Based on 12, 24 or 36 months you get a rate.", "Based on 12, 24 or 36 months you get a rate."),
    ],
)
def test_a_sentence_does_not_speak_of_passages(written, read):
    assert without_attribution(normalized(written)) == read


@pytest.mark.parametrize(
    "sources",
    [
        "Sources:\n[1] Returns\n[2] Refunds",
        "Sources: [1] Returns, [2] Refunds",
        "**Sources**\n- [1] Returns\n- https://shop.example/refunds [2]",
        "### References\n1. Returns [1]\n2. Refunds [2]",
        "Quellen: [1], [2]",
        "Source: Refunds [2]",
        "*Références :*\n[1] Returns",
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_a_list_of_sources_at_the_end_goes(sources, size):
    draft = f"Returns are free within 30 days [1]. We refund you within three days [2].\n\n{sources}"
    grounded = check_in_pieces(draft, size)
    assert grounded.content == "Returns are free within 30 days [1]. We refund you within three days [2]."
    assert grounded.dropped == 0


def test_what_is_said_after_the_sources_is_read():
    draft = "Returns are free within 30 days [1].\nSources: [1]\nWe refund you within three days [2]."
    assert check_in_pieces(draft, 5).content.endswith("We refund you within three days [2].")


@pytest.mark.parametrize(
    "draft",
    [
        "Returns are free within 30 days [1].\nSources: we refund you within three days [2].",
        "Returns are free within 30 days [1].\nReferences:\n- We refund you within three days [2].",
    ],
)
def test_a_sentence_is_no_source(draft):
    assert "refund you within three days" in check_in_pieces(draft, 6).content


def check_in_pieces(draft: str, size: int):
    from worker.answering.check.grounding import Check

    made = Check()
    for start in range(0, len(draft), size):
        made.feed(draft[start : start + size], HITS)
    grounded = made.finish(HITS)
    assert grounded is not None
    assert grounded == check(draft, HITS)
    return grounded
