"""Workbooks become rows as they are shown, within their limits."""

from collections import Counter

import pytest

from kb.errors import DocumentTooLarge, DocumentUnreadable
from kb.readers.workbook import read_sheets
from tests.support.reported_files.packages import archive, book, rows


def read(data, max_rows=100):
    left_out: Counter[str] = Counter()
    return [(sheet.name, sheet.rows) for sheet in read_sheets(data, left_out, max_rows=max_rows)], dict(+left_out)


def test_cells_come_row_by_row_and_empty_rows_do_not_count():
    sheet = rows(("Service", "Price"), (None, None), ("Express", 9))
    assert read(book(("Prices", sheet)), max_rows=2) == ([("Prices", [["Service", "Price"], ["Express", "9"]])], {})


def test_too_many_rows_say_how_many_there_may_be():
    with pytest.raises(DocumentTooLarge, match="more than 2 rows"):
        read(book(("Sheet", rows(("a",), ("b",), ("c",)))), max_rows=2)


def test_cells_merged_over_rows_fill_each_and_a_huge_range_takes_no_time():
    merged = '</sheetData><mergeCells><mergeCell ref="A1:A1048576"/></mergeCells>'
    sheets, _left_out = read(book(("Sheet", rows(("Shoes", "30 days"), (None, "14 days"), after=merged))))
    assert sheets[0][1] == [["Shoes", "30 days"], ["Shoes", "14 days"]]


def test_columns_beyond_the_hundredth_are_not_read():
    sheet = '<sheetData><row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>2</v></c></row></sheetData>'
    assert read(book(("Sheet", sheet)))[0][0][1] == [["1"]]


def test_a_package_without_a_workbook_is_damaged():
    with pytest.raises(DocumentUnreadable, match="damaged"):
        read(archive({"xl/other.xml": "<a/>"}))


def test_a_sheet_that_is_missing_is_counted():
    assert read(book(("Here", rows(("a",)))).replace(b"sheet1.xml", b"sheet9.xml", 1))[1] in ({"unread_parts": 1}, {})
