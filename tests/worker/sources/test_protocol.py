"""A document is told from its former self by what it says."""

import pytest

from kb.errors import DocumentUnreadable
from tests.support import files
from worker.sources.protocol import fetched


def of(text, media_type="text/html", **options):
    return fetched(text.encode(), media_type=media_type, name="n", file_name="a/the-file.html", **options)


def test_the_digest_is_of_the_text_its_title_and_its_sections():
    page = of("<title>T</title><h2>A</h2><p>One.</p>")
    assert page.digest == of("<html lang=en><title>T</title><h2>A</h2>\n<p>One.</p></html>").digest
    for other in ("<title>U</title><h2>A</h2><p>One.</p>", "<title>T</title><h2>B</h2><p>One.</p>"):
        assert page.digest != of(other).digest
    assert page.digest != of("<title>T</title><h2>A</h2><p>One.</p>", url="https://a.example").digest


def test_a_document_gets_its_title_and_address_from_itself_first():
    assert of("<p>One.</p>").new.title == "The file"
    markdown = of("---\nurl: https://a.example/x\n---\n# Real\n\nOne.", "text/markdown", url="https://b.example")
    assert (markdown.new.title, markdown.new.url) == ("Real", "https://a.example/x")


def test_a_file_that_is_not_text_is_told_by_its_bytes_and_titled_when_it_is_read():
    data = files.pdf([[("Manual", 20), ("Press.", 11)]])
    found = fetched(data, media_type="application/pdf", name="n", file_name="the-manual.pdf")
    assert (found.new.title, found.new.titled) == ("The manual", False)
    with pytest.raises(DocumentUnreadable):
        fetched(b"no pdf", media_type="application/pdf", name="n", file_name="a.pdf")
