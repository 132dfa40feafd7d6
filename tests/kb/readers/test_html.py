"""Hidden text of a page is not read."""

import pytest

from kb import documents
from kb.errors import DocumentTooLarge

#: Files are read in a process of their own.
pytestmark = pytest.mark.processes


def test_hidden_and_invisible_text_of_a_page_is_not_read():
    page = (
        "<p>Seen</p><p style='opacity:0'>a</p><p style='position:absolute;left:-9999px'>b</p>"
        "<p style='color: #fff'>c</p><p style='font-size:0.0px'>d</p><p style='opacity:0.9;font-size:0.9em'>Too</p>"
    )
    assert documents.read(page.encode(), media_type="text/html", title="x").text == "Seen\n\nToo"


def text_of(page):
    return documents.parse(page.encode(), media_type="text/html", title="x").text


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<ul><li><div></div><p>Pack it.</p></li><li>Send it.</li></ul>", "- Pack it.\n- Send it."),
        ("<p>Mon-Fri 9-18<br>Sat 10-14</p>", "Mon-Fri 9-18\nSat 10-14"),
        ("<p>You can return<br>most items.</p>", "You can return most items."),
        ("<h2>Returns<br>abroad</h2><p>Yes.</p>", "Returns abroad\n\nYes."),
        ("<dl><dt>Weight</dt><dd>2 kg</dd><dt>Cable</dt><dd>1.8 m</dd></dl>", "Weight: 2 kg.\nCable: 1.8 m."),
        (
            "<p>Fill in the <a href='https://shop.example/r'>form</a>.</p>",
            "Fill in the form (https://shop.example/r).",
        ),
        ("<h3><a href='https://shop.example/r'>Form</a></h3>", "Form\n\nForm (https://shop.example/r)"),
        ("<p>See <a href='https://shop.example/r'>shop.example/r</a>.</p>", "See shop.example/r."),
    ],
)
def test_lines_lists_and_links_are_read_as_they_look(page, expected):
    assert text_of(page) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<pre>one<br>two<span hidden> x</span></pre>", "one\ntwo"),
        ("<pre>run<script>x()</script></pre>", "run"),
        (
            "<table><tr><th>A</th><th>B</th></tr><tbody hidden><tr><td>1</td><td>2</td></tr></tbody>"
            "<tr><td>3</td><td>4</td></tr></table>",
            "A: 3 · B: 4",
        ),
        ("<dl><dt>Price</dt><dd>9</dd><dt hidden>Bought</dt><dd hidden>3</dd></dl>", "Price: 9."),
    ],
)
def test_hidden_parts_of_what_is_read_as_a_whole_are_not_read(page, expected):
    assert text_of(page) == expected


def test_a_table_that_says_a_cell_a_thousand_times_is_refused_before_it_is_unfolded():
    cells = "".join(f"<td rowspan=1000>{number} {'x' * 250}</td>" for number in range(100))
    with pytest.raises(DocumentTooLarge, match="no more are accepted"):
        text_of(f"<table><tr>{'<th>N</th>' * 100}</tr><tr>{cells}</tr>{'<tr></tr>' * 999}</table>")


def test_files_that_a_page_embeds_are_counted():
    page = '<p>Fill in the form.</p><object data="form.pdf">No PDF?</object><embed src="film.swf">'
    read = documents.read(page.encode(), media_type="text/html", title="Page")
    assert (read.text, read.left_out) == ("Fill in the form.", {"attachments": 2})
