"""Word documents and slides become text with headings."""

import io
import zipfile

import pytest

from kb import documents
from kb.documents import SLIDES, WORD
from kb.errors import DocumentTooLarge
from tests.support import files

#: Files are read in a process of their own.
pytestmark = pytest.mark.processes


def read(data, media_type, title="File"):
    return documents.read(data, media_type=media_type, title=title)


def places(found):
    return [(section.headings, section.anchor, found.text[section.start : section.end]) for section in found.sections]


def test_a_word_document_keeps_headings_lists_and_tables():
    found = read(files.word(), WORD)
    assert found.title == "Warranty"
    assert places(found) == [
        (("Warranty",), "warranty", "Every device has a warranty of two years."),
        (
            ("Warranty", "How to claim"),
            "how-to-claim",
            "- Pack the device.\n- Send it to us.\nPart | Years\nBattery | 1",
        ),
    ]


def test_slides_are_sections_without_notes_and_hidden_ones():
    found = read(files.slides(), SLIDES)
    assert places(found) == [
        (("Returns",), "slide-1", "Free for 30 days.\nUse the label in the box."),
        (("Slide 3",), "slide-3", "Ask us anything."),
    ]


def test_an_archive_that_unfolds_too_far_is_not_unpacked():
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in range(5):
            archive.writestr(f"word/{part}.xml", bytes(50 * 1024 * 1024))
    with pytest.raises(DocumentTooLarge, match="unfolds"):
        read(bomb.getvalue(), WORD)
