"""What nobody wrote is dropped and counted; joiners and signs that are seen are kept."""

from collections import Counter

import pytest

from kb.readers.characters import repair, visible


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("two \t  words\u00a0here", "two words here"),
        ("cafe\u0301", "café"),
        ("zero\u200bwidth\u202e and \x00nul", "zerowidth and nul"),
        ("a\ufe0fb\U000e0141c", "abc"),  # variation selectors can carry text that nobody sees
        ("kept\nlines", "kept\nlines"),
        ("soft\u00adhyphen", "softhyphen"),
        ("+49\u201130", "+49-30"),
    ],
)
def test_what_nobody_sees_is_dropped(raw, expected):
    assert visible(raw, Counter()) == expected


@pytest.mark.parametrize("text", ["می\u200cرود", "क्\u200dष", "👩\u200d🚀", "\u06dd"])
def test_joiners_stay_where_they_change_what_is_seen(text):
    cleaned: Counter[str] = Counter()
    assert visible(text, cleaned) == text
    assert not cleaned


def test_joiners_between_latin_letters_carry_nothing_that_is_seen():
    cleaned: Counter[str] = Counter()
    assert visible("a\u200db\u200c\u200cc", cleaned) == "abc"
    assert cleaned == {"invisible_characters": 3}


def test_many_joiners_in_a_row_count_as_one():
    assert visible("می\u200c\u200c\u200cرود", Counter()) == "می\u200cرود"


def test_control_characters_marks_and_line_ends_are_mended_and_counted():
    cleaned: Counter[str] = Counter()
    text = repair("\ufeffa\x00b\r\nc\fd\ud800\n\x1b[1me\r\n\ud83d\ude00", cleaned)
    assert text == "ab\nc\n\nd\ne\n😀"
    assert cleaned == {
        "byte_order_marks": 1, "control_characters": 2, "form_feeds": 1, "line_ends": 1, "surrogates": 1
    }  # fmt: skip


def test_clean_text_is_returned_as_it_is():
    cleaned: Counter[str] = Counter()
    assert repair("Größe\n\tok", cleaned) == "Größe\n\tok"
    assert not cleaned
