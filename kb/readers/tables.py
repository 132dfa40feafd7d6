"""Tables: questions with their answers, as CSV or a sheet of a workbook, and any other sheets."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from kb.errors import DocumentTooLarge, DocumentUnreadable
from kb.readers.blocks import Block, slug

MAX_ROWS = 20_000
_MAX_COLUMNS = 100

_QUESTION_COLUMNS = {"question", "q", "title", "subject", "frage", "pregunta"}
_ANSWER_COLUMNS = {"answer", "a", "text", "body", "content", "antwort", "respuesta"}


def read_csv(text: str, *, max_characters: int) -> Iterator[Block]:
    """Yield a section for each row: the question is its heading, the answer its text.

    Raises:
        DocumentUnreadable: it is not CSV, or has no columns for question and answer.
    """
    try:
        dialect: Any = csv.Sniffer().sniff(text[:4096], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    csv.field_size_limit(max_characters)
    try:
        rows = list(csv.reader(io.StringIO(text), dialect))
    except csv.Error as error:
        raise DocumentUnreadable(f"The table cannot be read: {error}.") from None
    columns = _question_and_answer(rows[0])
    if columns is None:
        raise DocumentUnreadable(
            "The table needs a first line with the columns `question` and `answer`; it has: "
            + ", ".join(cell.strip().lower() for cell in rows[0][:8])
            + "."
        )
    yield from _questions(rows[1:], *columns)


def read_workbook(data: bytes) -> Iterator[Block]:
    """Yield the visible sheets of an Excel workbook, each under its name; formulas count with their last result.

    A sheet with columns for question and answer is read as a table of questions is. In any other, a row is a line of
    `column: value` pairs, so that it can be understood, and cited, by itself.

    Raises:
        DocumentUnreadable: it is damaged.
        DocumentTooLarge: it has over 20,000 rows.
    """
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except Exception:  # noqa: BLE001 - whatever a damaged file makes the library raise
        raise DocumentUnreadable("The workbook is damaged and cannot be opened.") from None
    left = MAX_ROWS
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        rows = []
        for values in sheet.iter_rows(max_col=_MAX_COLUMNS, values_only=True):
            cells = [_as_text(value) for value in values]
            if any(cells):
                rows.append(cells)
                left -= 1
            if left < 0:
                raise DocumentTooLarge(f"The workbook has more than {MAX_ROWS:,} rows. Split it.")
        if rows:
            yield "heading", 2, sheet.title, slug(sheet.title)
            columns = _question_and_answer(rows[0])
            yield from _questions(rows[1:], *columns, level=3) if columns else _lines(rows)


def _question_and_answer(header: Sequence[str]) -> tuple[int, int] | None:
    names = [cell.strip().lower() for cell in header]
    question = next((column for column, name in enumerate(names) if name in _QUESTION_COLUMNS), None)
    answer = next((column for column, name in enumerate(names) if name in _ANSWER_COLUMNS and column != question), None)
    return None if question is None or answer is None else (question, answer)


def _questions(rows: Sequence[Sequence[str]], question: int, answer: int, *, level: int = 2) -> Iterator[Block]:
    for row in rows:
        if len(row) > max(question, answer) and row[question].strip() and row[answer].strip():
            yield "heading", level, " ".join(row[question].split()), ""
            for paragraph in re.split(r"\n\s*\n", row[answer]):
                yield "text", 0, " ".join(paragraph.split()), ""


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[Block]:
    header = rows[0]
    named = len(rows) > 1 and sum(map(bool, header)) > 1 and not any(map(_NUMBER.fullmatch, filter(None, header)))
    for row in rows[1:] if named else rows:
        if named:
            pairs = zip(row, [*header, *[""] * len(row)], strict=False)
            cells = [f"{name}: {cell}" if name else cell for cell, name in pairs if cell]
        else:
            cells = [cell for cell in row if cell]
        yield "line", 0, " | ".join(cells), ""


_NUMBER = re.compile(r"[-+]?[\d.,]+")


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00").replace("T", " ")
    return " ".join(str(value).split())
