"""Tables: questions with their answers, as CSV or a sheet of a workbook, and any other sheets."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from kb.errors import DocumentUnreadable
from kb.readers import open_document, workbook
from kb.readers.blocks import Block, counted, slug
from kb.readers.rows import row_blocks

MAX_ROWS = 20_000

#: Lines of a table before the one with the names of its columns, such as a title.
_MAX_ABOVE_HEADER = 5

QUESTION_COLUMNS = {"question", "q", "title", "subject", "frage", "pregunta"}
ANSWER_COLUMNS = {"answer", "a", "text", "body", "content", "antwort", "respuesta"}


def read_csv(text: str, *, max_characters: int) -> Iterator[Block]:
    """Yield a section for each row: the question is its heading, the answer its text.

    Raises:
        DocumentUnreadable: it is not CSV, or has no columns for question and answer.
    """
    csv.field_size_limit(max_characters)
    said = re.match(r"\s*\"?sep=(.)\"?[ \t]*\n", text, re.I)
    headers: list[list[str]] = []
    for delimiter in said[1] if said else ",;\t|":
        try:
            rows = [
                row for row in csv.reader(io.StringIO(text[said.end() :] if said else text), delimiter=delimiter) if row
            ]
        except csv.Error as error:
            raise DocumentUnreadable(f"The table cannot be read: {error}.") from None
        headers += rows[:1]
        for number, row in enumerate(rows[:_MAX_ABOVE_HEADER]):
            columns = _question_and_answer(row)
            if columns is not None:
                yield from _questions(rows[number + 1 :], *columns)
                return
    widest = max(headers, key=len, default=[])
    raise DocumentUnreadable(
        "The table needs a first line with the columns `question` and `answer`; it has: "
        + ", ".join(cell.strip().lower() for cell in widest[:8])
        + "."
    )


def read_workbook(data: bytes) -> Iterator[Block]:
    """Yield the visible sheets of an Excel workbook, each under its name; formulas count with their last result.

    A sheet with columns for question and answer is read as a table of questions is. In any other, a row is a line of
    `column: value` pairs (`kb.readers.rows`), so that it can be understood, and cited, by itself.

    Raises:
        DocumentUnreadable: it is damaged.
        DocumentTooLarge: it has over 20,000 rows.
    """
    left_out: Counter[str] = Counter()
    sheets = workbook.read_sheets(data, left_out, max_rows=MAX_ROWS)
    yield from _sheets(((sheet.name, sheet.rows) for sheet in sheets), left_out)


def read_open_spreadsheet(data: bytes) -> Iterator[Block]:
    """Yield the visible sheets of an OpenDocument spreadsheet; does and raises as `read_workbook` does."""
    left_out: Counter[str] = Counter()
    yield from _sheets(open_document.read_open_sheets(data, left_out, max_rows=MAX_ROWS), left_out)


def _sheets(sheets: Iterable[tuple[str, list[list[str]]]], left_out: Counter[str]) -> Iterator[Block]:
    for name, rows in sheets:
        if rows:
            yield "heading", 2, name, slug(name)
            columns = _question_and_answer(rows[0])
            yield from _questions(rows[1:], *columns, level=3) if columns else _lines(rows)
    yield from counted(left_out)


def _question_and_answer(header: Sequence[str]) -> tuple[int, int] | None:
    names = [cell.strip().lower() for cell in header]
    question = next((column for column, name in enumerate(names) if name in QUESTION_COLUMNS), None)
    answer = next((column for column, name in enumerate(names) if name in ANSWER_COLUMNS and column != question), None)
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
    yield from row_blocks(header if named else (), rows[1:] if named else rows)


_NUMBER = re.compile(r"[-+]?[\d.,]+")
