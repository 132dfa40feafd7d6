"""Rows of workbooks become text that can be understood alone."""

import pytest

from kb import documents
from kb.documents import WORKBOOK
from tests.support import files

#: Files are read in a process of their own.
pytestmark = pytest.mark.processes


def read(data, media_type, title="File"):
    return documents.read(data, media_type=media_type, title=title)


def places(found):
    return [(section.headings, section.anchor, found.text[section.start : section.end]) for section in found.sections]


def test_a_row_of_a_workbook_can_be_understood_alone():
    found = read(files.workbook(), WORKBOOK)
    assert places(found) == [
        (
            ("Prices",),
            "prices",
            "Service: Standard · Price: 4.95 · Days: 3\nService: Express · Price: 9 · Days: 1",
        ),
        (("FAQ", "Do you ship abroad?"), "do-you-ship-abroad", "Yes, to all of Europe."),
    ]
