"""Word documents become text with headings."""

import pytest

from kb import documents
from kb.documents import WORD
from kb.readers.word import texts_of_diagram
from tests.support import files
from tests.support.reported_files.packages import paragraph, text_run, word

#: Files are read in a process of their own.
pytestmark = pytest.mark.processes


def places(found):
    return [(section.headings, section.anchor, found.text[section.start : section.end]) for section in found.sections]


def test_a_word_document_keeps_headings_lists_and_tables():
    found = documents.read(files.word(), media_type=WORD, title="File")
    assert found.title == "Warranty"
    assert places(found)[0] == (("Warranty",), "warranty", "Every device has a warranty of two years.")
    headings, anchor, text = places(found)[1]
    assert (headings, anchor) == (("Warranty", "How to claim"), "how-to-claim")
    assert text.startswith("- Pack the device.\n- Send it to us.")
    assert "Battery" in text


def test_what_is_left_out_comes_back_from_the_process_of_the_reader():
    hidden = text_run("Internal.", "<w:vanish/>")
    found = documents.read(word(paragraph("Seen. ", hidden)), media_type=WORD, title="File")
    assert (found.text, found.left_out) == ("Seen.", {"hidden_text": 1})


def test_a_diagram_without_data_has_no_texts():
    assert texts_of_diagram(None) == []
