"""Books are read in the order of their spine."""

import pytest

from kb.errors import DocumentUnreadable
from kb.readers.epub import read_epub
from tests.support.reported_files.books import order_of_the_spine
from tests.support.reported_files.packages import archive


def test_chapters_stand_below_the_title_of_the_book():
    headings = [(level, text) for kind, level, text, _anchor in read_epub(order_of_the_spine()) if kind == "heading"]
    assert headings == [(1, "The handbook"), (2, "One"), (2, "Two"), (2, "Three")]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"a": "b"}, "does not say where"),
        ({"META-INF/container.xml": "<container/>"}, "does not say where"),
        (
            {
                "META-INF/container.xml": "<container/>",
                "META-INF/rights.xml": "<rights/>",
                "META-INF/encryption.xml": "<EncryptedData/>",
            },
            "protected",
        ),
    ],
)
def test_a_book_that_cannot_be_read_says_why(parts, reason):
    with pytest.raises(DocumentUnreadable, match=reason):
        list(read_epub(archive(parts)))
