"""Characters: what no person wrote goes, the words stay."""

import json

import pytest

from worker.reading.characters import clean, one_line


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("nul \x00here", "nul here"),
        ("\x1b[1;31mError:\x1b[0m no such file", "Error: no such file"),
        ("\x1b]8;;https://a.example\x07link\x1b]8;;\x07", "link"),
        ("bell\x07 and \x7f\x9b2Jrest", "bell and rest"),
        ("half \ud83d of a smile", "half  of a smile"),
        ("\ud83d\ude00", "😀"),
        ("می‌خواهم", "می‌خواهم"),
        ("👩‍👩‍👧 1️⃣", "👩‍👩‍👧 1️⃣"),
        ("a\tb\r\nc", "a\tb\r\nc"),
        ("\ufffe\uffffx", "x"),
    ],
)
def test_characters_that_nobody_wrote_are_dropped(given, kept):
    assert clean(given) == kept


def test_json_with_line_ends_of_unicode_is_one_line():
    data = {"text": "a\u2028b\u2029c\x85d\ne"}
    line = one_line(json.dumps(data, ensure_ascii=False))
    assert len(line.splitlines()) == 1
    assert json.loads(line) == data
