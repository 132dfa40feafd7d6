"""PDF and Office files become text with headings and anchors, in a process of their own."""

import io
import zipfile

import pytest

from kb import documents, isolation
from kb.documents import PDF, SLIDES, WORD, WORKBOOK
from kb.errors import DocumentTooLarge, DocumentUnreadable
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


def test_a_row_of_a_workbook_can_be_understood_alone():
    found = read(files.workbook(), WORKBOOK)
    assert places(found) == [
        (
            ("Prices",),
            "prices",
            "Service: Standard | Price: 4.95 | Days: 3\nService: Express | Price: 9 | Days: 1",
        ),
        (("FAQ", "Do you ship abroad?"), "do-you-ship-abroad", "Yes, to all of Europe."),
    ]


def broken(data):
    return data[:200] + bytes(len(data) - 200)


@pytest.mark.parametrize(
    ("data", "media_type", "reason"),
    [
        (files.pdf([BODY], password="secret"), PDF, "encrypted"),
        (files.pdf([[]]), PDF, "scanned"),
        (b"%PDF-1.7\n" + b"x" * 100, PDF, "damaged"),
        (b"", PDF, "empty"),
        (b"hello", PDF, "not application/pdf"),
        (files.word()[:500], WORD, "damaged"),
        (files.workbook(), WORD, "another Office document"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), WORD, "old or an encrypted"),
        (broken(files.slides()), SLIDES, "damaged"),
    ],
)
def test_what_cannot_be_read_says_why(data, media_type, reason):
    with pytest.raises(DocumentUnreadable, match=reason):
        read(data, media_type)


def test_an_archive_that_unfolds_too_far_is_not_unpacked():
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in range(5):
            archive.writestr(f"word/{part}.xml", bytes(50 * 1024 * 1024))
    with pytest.raises(DocumentTooLarge, match="unfolds"):
        read(bomb.getvalue(), WORD)


def test_a_file_that_takes_too_long_ends_its_reader_only():
    with pytest.raises(DocumentUnreadable, match="more than 0 s"):
        isolation.read(files.word(), media_type=WORD, title="x", timeout_s=0.01)


def test_the_reader_knows_no_secret(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    seen = tmp_path / "seen"
    (tmp_path / "sitecustomize.py").write_text(f"import os; open({str(seen)!r}, 'w').write(repr(dict(os.environ)))")
    monkeypatch.syspath_prepend(str(tmp_path))
    read(files.word(), WORD)
    assert "sk-secret" not in seen.read_text()
    assert "PATH" in seen.read_text()


def test_hidden_and_invisible_text_of_a_page_is_not_read():
    page = (
        "<p>Seen</p><p style='opacity:0'>a</p><p style='position:absolute;left:-9999px'>b</p>"
        "<p style='color: #fff'>c</p><p style='font-size:0.0px'>d</p><p style='opacity:0.9;font-size:0.9em'>Too</p>"
    )
    assert documents.read(page.encode(), media_type="text/html", title="x").text == "Seen\n\nToo"
