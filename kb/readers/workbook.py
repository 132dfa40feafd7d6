"""Excel workbooks as rows of text: cells as they are shown, without what is hidden.

No library that was measured reads formats, hidden rows and broken styles (decision 0046), so the parts are read
here, in one pass and with the limits of a table.
"""

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from kb.errors import DocumentTooLarge, DocumentUnreadable
from kb.readers import packages
from kb.readers.number_formats import formatted

_MAX_COLUMNS = 100
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d+)")


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A visible sheet and its rows; cells merged over rows have their text in each."""

    name: str
    rows: list[list[str]]


@dataclass(frozen=True, kw_only=True)
class _Book:
    strings: list[str]
    formats: list[str]
    epoch: datetime


@dataclass(kw_only=True)
class _Grid:
    """A sheet while it is read: texts by row and column, and what is hidden."""

    cells: dict[int, dict[int, str]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


def read_sheets(data: bytes, left_out: Counter[str], *, max_rows: int) -> Iterator[Sheet]:
    """Yield the visible sheets of a workbook; what is hidden or has no result is added to `left_out`.

    Raises:
        DocumentUnreadable: it is damaged.
        DocumentTooLarge: it has over `max_rows` rows.
    """
    parts = packages.parts_of(data)
    name = next(iter(packages.related(parts, "", "officeDocument")), "xl/workbook.xml")
    if name not in parts:
        raise DocumentUnreadable("The workbook is damaged and cannot be opened.")
    root = packages.xml(parts[name])
    relations = packages.relations(parts, name)
    book = _book(parts, root, name)
    left = max_rows
    for listed in root.iter(f"{_MAIN}sheet"):
        kind, part = relations.get(listed.get(_RELATION, ""), ("", ""))
        if listed.get("state", "visible") != "visible":
            left_out["hidden_sheets"] += 1
            continue
        if kind == "chartsheet":
            left_out["charts"] += 1
            continue
        if part not in parts:
            left_out["unread_parts"] += 1
            continue
        grid = _grid(parts[part], book, left_out, left)
        rows = list(_rows(grid, left_out))
        left -= len(rows)
        left_out["charts"] += len(packages.related(parts, part, "drawing"))
        left_out["comments"] += len(packages.related(parts, part, "comments"))
        yield Sheet(name=listed.get("name", ""), rows=rows)


def _book(parts: Mapping[str, bytes], root: Any, name: str) -> _Book:
    by_lower = {part.lower(): part for part in parts}
    strings: list[str] = []
    for part in packages.related(parts, name, "sharedStrings") or filter(None, [by_lower.get("xl/sharedstrings.xml")]):
        strings += [_text(entry) for entry in packages.xml(parts[part]).iter(f"{_MAIN}si")]
    formats: list[str] = []
    for part in packages.related(parts, name, "styles"):
        formats = _formats(packages.xml(parts[part]))
    properties = root.find(f"{_MAIN}workbookPr")
    since_1904 = properties is not None and properties.get("date1904") in ("1", "true")
    return _Book(strings=strings, formats=formats, epoch=datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30))


def _formats(root: Any) -> list[str]:
    """Return the format code of each style of cells."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS

    codes = {int(entry.get("numFmtId", 0)): entry.get("formatCode", "") for entry in root.iter(f"{_MAIN}numFmt")}
    cells = root.find(f"{_MAIN}cellXfs")
    ids = [int(entry.get("numFmtId", 0)) for entry in cells] if cells is not None else []
    return [codes.get(id) or BUILTIN_FORMATS.get(id, "General") for id in ids]


def _grid(part: bytes, book: _Book, left_out: Counter[str], max_rows: int) -> _Grid:
    from lxml import etree

    grid, row = _Grid(), 0
    tags = [f"{_MAIN}{tag}" for tag in ("row", "col", "mergeCell")]
    events = etree.iterparse(io.BytesIO(part), tag=tags, resolve_entities=False, no_network=True, recover=True)
    try:
        for _event, node in events:
            if node.tag.endswith("}row"):
                row = int(node.get("r") or row + 1)
                if node.get("hidden") in ("1", "true"):
                    grid.hidden_rows.add(row)
                found = dict(_cells(node, book, left_out))
                if any(found.values()):
                    grid.cells[row] = found
                    if len(grid.cells) > max_rows:
                        raise DocumentTooLarge(f"The workbook has more than {max_rows:,} rows. Split it.")
                node.clear()
            elif node.tag.endswith("}col"):
                if node.get("hidden") in ("1", "true"):
                    last = min(int(node.get("max", 0)), _MAX_COLUMNS)
                    grid.hidden_columns.update(range(int(node.get("min", 0)), last + 1))
            elif (found_range := _range(node.get("ref", ""))) is not None:
                grid.merged.append(found_range)
    except (etree.XMLSyntaxError, ValueError):
        left_out["unread_parts"] += 1
    return grid


def _cells(row: Any, book: _Book, left_out: Counter[str]) -> Iterator[tuple[int, str]]:
    column = 0
    for cell in row.iterchildren(f"{_MAIN}c"):
        reference = _REFERENCE.match(cell.get("r") or "")
        column = _column(reference[1]) if reference else column + 1
        if column > _MAX_COLUMNS:
            return
        yield column, _text_of_cell(cell, book, left_out)


def _text_of_cell(cell: Any, book: _Book, left_out: Counter[str]) -> str:
    """Return the text that a cell shows."""
    kind = cell.get("t", "n")
    value: str | None = cell.findtext(f"{_MAIN}v")
    if kind == "inlineStr":
        return _text(cell.find(f"{_MAIN}is"))
    if value is None or value == "":
        left_out["formulas"] += value is None and cell.find(f"{_MAIN}f") is not None
        return ""
    if kind == "s":
        return book.strings[int(value)] if int(value) < len(book.strings) else ""
    if kind == "e":
        left_out["errors"] += 1
        return ""
    if kind == "b":
        return "TRUE" if value in ("1", "true") else "FALSE"
    if kind == "d":
        return value.removesuffix("T00:00:00").replace("T", " ")
    if kind == "str":
        return " ".join(value.split())
    style = int(cell.get("s") or 0)
    return _number(value, book.formats[style] if style < len(book.formats) else "General", book.epoch)


def _number(value: str, code: str, epoch: datetime) -> str:
    from openpyxl.styles.numbers import is_date_format, is_timedelta_format

    try:
        number = float(value)
        if code != "General" and is_timedelta_format(code):
            return str(timedelta(days=number))
        if code != "General" and is_date_format(code):
            return _moment(number, epoch)
        return formatted(number, code)
    except (ValueError, OverflowError):
        return " ".join(value.split())


def _moment(number: float, epoch: datetime) -> str:
    """Return a date, a time of day, or both, in ISO 8601 without seconds that are zero."""
    moment = epoch + timedelta(seconds=round(number * 86_400))
    clock = moment.time().isoformat("minutes" if not moment.second else "seconds")
    if 0 <= number < 1:
        return clock
    return moment.date().isoformat() + (f" {clock}" if moment.time() != time() else "")


def _rows(grid: _Grid, left_out: Counter[str]) -> Iterator[list[str]]:
    last = max(grid.cells, default=0)
    for top, left, bottom, right in grid.merged:
        text = grid.cells.get(top, {}).get(left, "")
        for row in range(top + 1, min(bottom, last) + 1) if text and left == right else ():
            if row in grid.cells:
                grid.cells[row][left] = text
    hidden = {column for cells in grid.cells.values() for column, text in cells.items() if text} & grid.hidden_columns
    left_out["hidden_columns"] += len(hidden)
    for row, cells in grid.cells.items():
        if row in grid.hidden_rows:
            left_out["hidden_rows"] += 1
            continue
        seen = [column for column in range(1, max(cells) + 1) if column not in grid.hidden_columns]
        texts = [cells.get(column, "") for column in seen]
        if any(texts):
            yield texts


def _text(node: Any) -> str:
    """Return the text of a string, without how it is read aloud."""
    if node is None:
        return ""
    runs = [node, *node.iterchildren(f"{_MAIN}r")]
    texts = ["".join(entry.text or "" for entry in run.iterchildren(f"{_MAIN}t")) for run in runs]
    return " ".join("".join(texts).split())


def _range(text: str) -> tuple[int, int, int, int] | None:
    first, _colon, last = text.partition(":")
    start, end = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last)
    if start is None or end is None:
        return None
    return int(start[2]), _column(start[1]), int(end[2]), _column(end[1])


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number
