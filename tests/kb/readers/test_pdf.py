"""A PDF becomes text with headings and pages."""

import pytest

from kb import documents
from kb.documents import PDF
from tests.support import files

#: Files are read in a process of their own.
pytestmark = pytest.mark.processes


BODY = [
    ("Every order can be returned within 30 days of delivery. The goods must be un-", 11),
    ("used and in their packaging.", 11),
]


def read(data, media_type, title="File"):
    return documents.read(data, media_type=media_type, title=title)


def places(found):
    return [(section.headings, section.anchor, found.text[section.start : section.end]) for section in found.sections]


def test_a_pdf_has_headings_where_type_is_larger_and_links_to_pages():
    found = read(files.pdf([[("Returns", 22), *BODY], [("Refunds", 16), ("Money comes back in five days.", 11)]]), PDF)
    assert found.title == "Returns"
    assert places(found) == [
        (
            ("Returns",),
            "page=1",
            "Every order can be returned within 30 days of delivery. The goods must be unused and in their packaging.",
        ),
        (("Returns", "Refunds"), "page=2", "Money comes back in five days."),
    ]


def test_running_heads_of_a_pdf_are_no_text():
    pages = [[("ACME manual", 9), (f"Chapter text number {n}.", 11), (f"Page {n} of 5", 9)] for n in range(1, 6)]
    found = read(files.pdf(pages), PDF)
    assert "ACME" not in found.text
    assert "of 5" not in found.text
    assert "Chapter text number 3." in found.text
