"""A draft is cut into the same sentences however it arrives."""

import pytest

from worker.answering.check.draft_reader import DraftReader, LineEnd, Sentence

DRAFT = (
    "It costs $5.00 per month (incl. VAT) [1]. Ask Dr. Smith.[2]\n\n"
    "1. Open the app [1].\n2. Choose the order.\n   Print the label.\n\nThat is all"
)


def read(draft: str, size: int) -> list[Sentence | LineEnd]:
    reader, parts = DraftReader(), []
    for start in range(0, len(draft), size):
        parts += reader.read(draft[start : start + size], [])
    return [*parts, *reader.rest([])]


@pytest.mark.parametrize("size", [1, 3, 8, 500])
def test_sentences_keep_their_citations_and_their_place_in_a_list(size):
    parts = read(DRAFT, size)
    assert [(part.text, part.lead, part.in_list) for part in parts if isinstance(part, Sentence)] == [
        ("It costs $5.00 per month (incl. VAT) [1].", "", False),
        ("Ask Dr. Smith[2].", "", False),
        ("Open the app [1].", "1. ", True),
        ("Choose the order.", "2. ", True),
        ("Print the label.", "", True),
        ("That is all", "", False),
    ]
    assert [part.blank for part in parts if isinstance(part, LineEnd)] == [
        False,
        True,
        False,
        False,
        False,
        True,
        False,
    ]
    assert [part.is_step for part in parts if isinstance(part, Sentence)] == [False, False, True, True, False, False]


def test_a_sentence_is_complete_when_the_next_one_has_begun():
    reader = DraftReader()
    assert list(reader.read("Open the app [1]. ", [])) == []  # a citation may follow
    assert list(reader.read("Choose ", [])) == [Sentence(text="Open the app [1].", lead="", in_list=False)]


def test_a_list_of_sources_is_no_part_of_the_answer():
    assert [
        part
        for part in read("Open the app [1].\n\nSources:\n[1] https://shop.example", 5)
        if isinstance(part, Sentence)
    ] == [Sentence(text="Open the app [1].", lead="", in_list=False)]


@pytest.mark.parametrize("size", [1, 3, 8, 500])
@pytest.mark.parametrize(
    ("draft", "texts"),
    [
        ("Choose **Forgot password?** on the sign-in page.", ["Choose **Forgot password?** on the sign-in page."]),
        ("**Price.** Today you pay €96. It rises.", ["**Price.**", "Today you pay €96.", "It rises."]),
        ("Open **Orders**. Choose **Return**.", ["Open **Orders**.", "Choose **Return**."]),
        ("**Note. Bold goes on** here.", ["**Note.", "Bold goes on** here."]),
    ],
)
def test_a_sentence_does_not_end_within_a_bold_text(draft, texts, size):
    assert [part.text for part in read(draft, size) if isinstance(part, Sentence)] == texts
