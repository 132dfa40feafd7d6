"""Hidden text of a page is not read."""

import pytest

from kb import documents

#: Files are read in a process of their own.
pytestmark = pytest.mark.processes


def test_hidden_and_invisible_text_of_a_page_is_not_read():
    page = (
        "<p>Seen</p><p style='opacity:0'>a</p><p style='position:absolute;left:-9999px'>b</p>"
        "<p style='color: #fff'>c</p><p style='font-size:0.0px'>d</p><p style='opacity:0.9;font-size:0.9em'>Too</p>"
    )
    assert documents.read(page.encode(), media_type="text/html", title="x").text == "Seen\n\nToo"
