"""Blocks become a document whose sections say where each passage stands."""

import pytest

from kb.errors import DocumentUnreadable
from kb.readers.blocks import Document, Writer, paragraphs, slug


def written(*blocks) -> Document:
    return Writer("file.md").finish(blocks)


def sections(document: Document) -> list[tuple[tuple[str, ...], str, str]]:
    return [(each.headings, each.anchor, document.text[each.start : each.end]) for each in document.sections]


def test_each_section_has_the_headings_above_it_and_its_own_text_alone():
    document = written(
        ("heading", 1, "Returns", ""),
        ("text", 0, "You have 30 days.", ""),
        ("heading", 2, "Shoes & boots", ""),
        ("text", 0, "Unworn only.", ""),
        ("heading", 2, "Gifts", "gift-anchor"),
        ("text", 0, "With the receipt.", ""),
        ("heading", 1, "Shipping", ""),
        ("text", 0, "Two days.", ""),
    )
    assert document.title == "Returns"
    assert sections(document) == [
        (("Returns",), "returns", "You have 30 days."),
        (("Returns", "Shoes & boots"), "shoes--boots", "Unworn only."),
        (("Returns", "Gifts"), "gift-anchor", "With the receipt."),
        (("Shipping",), "shipping", "Two days."),
    ]


def test_items_of_a_list_stand_close_and_paragraphs_apart():
    document = written(
        ("text", 0, "You need:", ""), ("line", 0, "a box", ""), ("line", 0, "tape", ""), ("text", 0, "Go", "")
    )
    assert document.text == "You need:\n\na box\ntape\n\nGo"


def test_a_place_begins_a_section_without_a_word_of_its_own():
    document = written(
        ("place", 0, "", "page=1"), ("text", 0, "One.", ""), ("place", 0, "", "page=2"), ("text", 0, "Two.", "")
    )
    assert sections(document) == [((), "page=1", "One."), ((), "page=2", "Two.")]


def test_a_document_without_a_first_heading_has_the_title_of_its_file():
    assert written(("text", 0, "Hi.", ""), ("heading", 1, "Later", ""), ("text", 0, "Ho.", "")).title == "file.md"


def test_headings_alone_are_no_document():
    with pytest.raises(DocumentUnreadable, match="no text"):
        written(("heading", 1, "Returns", ""), ("text", 0, " \u200b ", ""))


def test_what_a_reader_leaves_out_is_counted_on_the_document():
    document = written(("left_out", 2, "images", ""), ("text", 0, "Hi.\u200b", ""), ("left_out", 0, "comments", ""))
    assert (document.left_out, document.cleaned) == ({"images": 2}, {"invisible_characters": 1})


def test_blank_lines_part_the_paragraphs_of_plain_text():
    assert [block[2] for block in paragraphs("One\nline.\n \nTwo.")] == ["One line.", "Two."]


def test_an_anchor_is_the_one_that_renderers_make():
    assert slug(" What's new in 2.0? ") == "whats-new-in-20"
