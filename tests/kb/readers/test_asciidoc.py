"""AsciiDoc becomes headings, paragraphs, items, rows and code."""

import pytest

from kb.readers.asciidoc import read_asciidoc


def read(text: str) -> list[tuple[str, int, str]]:
    return [(kind, level, found) for kind, level, found, _anchor in read_asciidoc(text)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("= Title\nAnn <a@b.example>\n\nText.", [("heading", 1, "Title"), ("text", 0, "Text.")]),
        ("* One\n. Two", [("line", 0, "- One"), ("line", 0, "- Two")]),
        ("Term:: What it is.", [("line", 0, "Term: What it is.")]),
        ("a *b* _c_ `d`", [("text", 0, "a b c d")]),
        ("====\nInside.\n====", [("text", 0, "Inside.")]),
        ("----\n* code\n----", [("text", 0, "* code")]),
        ("|===\n|A |B\n\n|1\n|2\n|===", [("line", 0, "A: B."), ("line", 0, "1: 2.")]),
        ("image::x.png[]", [("left_out", 1, "images")]),
    ],
)
def test_each_kind_of_block_is_read(source, expected):
    assert read(source) == expected


def test_blocks_within_blocks_end():
    deep = "\n".join("=" * (number + 4) for number in range(60))
    assert read(deep) == []
