"""Tables of pages keep what belongs together: names of columns, merged cells, lines inside a cell."""

import pytest

from kb import documents


def text_of(page):
    return documents.parse(page.encode(), media_type="text/html", title="File").text


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("<p>Mon-Fri 9-18</p><p>Sat 10-14</p>", "Mon-Fri 9-18, Sat 10-14"),
        ("Dock 4<br>Leeds", "Dock 4, Leeds"),
        ("<ul><li>card</li><li>invoice</li></ul>", "card, invoice"),
        ("Yes.<br>Without labels", "Yes. Without labels"),
        ("<img src='tick.png' alt='included'>", "included"),
    ],
)
def test_the_lines_of_a_cell_stay_apart(cell, expected):
    page = f"<table><tr><th>Place</th><th>Facts</th></tr><tr><td>Shop</td><td>{cell}</td></tr></table>"
    assert text_of(page) == f"Place: Shop · Facts: {expected}"


def test_merged_names_of_columns_are_read_in_full():
    page = (
        "<table><tr><th rowspan=2>Part</th><th colspan=2>In warranty</th></tr><tr><th>Cost</th><th>Time</th></tr>"
        "<tr><th scope=row>Display</th><td>free</td><td>4 days</td></tr></table>"
    )
    assert text_of(page) == "Part: Display · In warranty, Cost: free · In warranty, Time: 4 days"


def test_a_cell_that_spans_rows_belongs_to_each():
    page = (
        "<table><tr><th>Region</th><th>Country</th><th>Cost</th></tr><tr><td rowspan=2>EU</td><td>France</td><td>"
        "9 €</td></tr>"
        "<tr><td>Italy</td><td>11 €</td></tr></table>"
    )
    assert text_of(page) == "Region: EU · Country: France · Cost: 9 €\nRegion: EU · Country: Italy · Cost: 11 €"


def test_bold_cells_name_the_columns_where_the_editor_marks_no_header():
    page = "<table><tr><td><b>Size</b></td><td><b>EU</b></td></tr><tr><td>S</td><td>36</td></tr></table>"
    assert text_of(page) == "Size: S · EU: 36"


def test_a_table_that_places_parts_of_a_page_is_no_table_of_facts():
    inner = "<table><tr><td>A</td><td>1</td></tr><tr><td>B</td><td>2</td></tr></table>"
    page = f"<table><tr><td>Left of it</td><td><p>One.</p>{inner}</td></tr></table>"
    assert text_of(page) == "Left of it\n\nOne.\n\nA: 1.\nB: 2."


def test_a_span_of_a_million_columns_does_no_harm():
    page = "<table><tr><td colspan=1000000>A</td><td rowspan=9999999>B</td></tr><tr><td>C</td><td>D</td></tr></table>"
    assert "C" in text_of(page)


def test_a_table_of_markdown_is_read_as_one_of_a_page():
    source = b"# T\n\n| | Basic | Team |\n|---|---|---|\n| Users | 1 | 10 |\n"
    found = documents.parse(source, media_type="text/markdown", title="File")
    assert found.text == "T\n\nUsers · Basic: 1 · Team: 10"


def test_two_tables_one_after_the_other_stay_apart():
    one = "<table><tr><td>{}</td><td>1</td></tr><tr><td>b</td><td>2</td></tr></table>"
    assert text_of(one.format("x") + one.format("y")) == "x: 1.\nb: 2.\n\ny: 1.\nb: 2."
