"""Slides become sections."""

import pytest

from kb import documents
from kb.documents import SLIDES
from kb.errors import DocumentUnreadable
from tests.support import files

#: Files are read in a process of their own.
pytestmark = pytest.mark.processes


def test_slides_are_sections_without_notes_and_hidden_ones():
    found = documents.read(files.slides(), media_type=SLIDES, title="File")
    assert [(one.headings, one.anchor, found.text[one.start : one.end]) for one in found.sections] == [
        (("Returns",), "slide-1", "Free for 30 days.\nUse the label in the box."),
        (("Slide 3",), "slide-3", "Ask us anything."),
    ]
    assert found.left_out == {"notes": 1, "hidden_slides": 1}


def test_a_damaged_presentation_says_so():
    from kb.readers.slides import read_slides
    from tests.support.reported_files.packages import archive

    with pytest.raises(DocumentUnreadable, match="presentation is damaged"):
        list(read_slides(archive({"ppt/presentation.xml": "<p/>"})))
