"""OpenDocument texts and sheets, within their limits."""

from collections import Counter

import pytest

from kb.errors import DocumentTooLarge, DocumentUnreadable
from kb.readers.open_document import read_open_document, read_open_sheets
from tests.support.reported_files.open_documents import open_document, spreadsheet
from tests.support.reported_files.packages import archive


def test_a_row_repeated_a_million_times_is_refused_before_it_is_unfolded():
    cell = "<table:table-cell><text:p>x</text:p></table:table-cell>"
    row = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
    with pytest.raises(DocumentTooLarge, match="20 rows"):
        list(read_open_sheets(spreadsheet(row), Counter(), max_rows=20))


def test_text_boxes_are_read_once():
    box = "<draw:frame><draw:text-box><text:p>In the box.</text:p></draw:text-box></draw:frame>"
    blocks = read_open_document(open_document("text", f"<text:p>Before.{box}</text:p>"))
    assert [text for _kind, _level, text, _anchor in blocks if text in ("Before.", "In the box.")] == [
        "Before.",
        "In the box.",
    ]


def test_a_package_without_content_is_damaged():
    with pytest.raises(DocumentUnreadable, match="no content"):
        list(read_open_document(archive({"mimetype": "x"})))


def test_comments_and_hidden_columns_of_a_sheet_are_left_out_and_counted():
    columns = '<table:table-column/><table:table-column table:visibility="collapse"/><table:table-column/>'
    comment = "<office:annotation><text:p>Ask the lawyers.</text:p></office:annotation>"
    cells = [f"{comment}<text:p>Lamp</text:p>", "<text:p>bought for 3</text:p>", "<text:p>9 euros</text:p>"]
    row = "".join(f"<table:table-cell>{cell}</table:table-cell>" for cell in cells)
    left_out = Counter()
    sheet = spreadsheet(f"{columns}<table:table-row>{row}</table:table-row>")
    ((_name, rows),) = read_open_sheets(sheet, left_out, max_rows=20)
    assert rows == [["Lamp", "9 euros"]]
    assert (left_out["comments"], left_out["hidden_columns"]) == (1, 1)


def test_hidden_sections_and_paragraphs_are_left_out_and_counted():
    hidden = '<style:text-properties text:display="none"/>'
    style = f'<style:style style:name="H" style:family="paragraph">{hidden}</style:style>'
    body = (
        '<text:p>Seen.</text:p><text:section text:display="none"><text:p>Not this.</text:p></text:section>'
        '<text:p text:style-name="H">Nor this.</text:p>'
    )
    blocks = list(read_open_document(open_document("text", body, styles=style)))
    assert [text for kind, _level, text, _anchor in blocks if kind == "text"] == ["Seen."]
    assert ("left_out", 2, "hidden_text", "") in blocks
