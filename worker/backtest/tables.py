"""Past tickets in a table: CSV with a line of names, separated by commas, semicolons, tabs or bars."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from worker.backtest import columns
from worker.backtest.past_tickets import MAX_CHARACTERS, PastTickets
from worker.errors import Invalid

_DELIMITERS = ",;\t|"

#: Rows with a quote that is never closed, after which reading begins anew at the next line.
_MAX_RESTARTS = 50


def read(text: str, found: PastTickets, chosen: Mapping[str, str]) -> None:
    """Add the rows of a table; a row that cannot be read is left out and named by its line.

    Raises:
        Invalid: the table has no columns for question and reply.
    """
    csv.field_size_limit(max(10 * MAX_CHARACTERS, csv.field_size_limit()))
    lines = list(io.StringIO(text, newline=""))
    start = 0
    delimiters = _DELIMITERS
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:  # Excel's own hint
        delimiters, start = lines[0].strip()[4], 1
    while start < len(lines) and not lines[start].strip():
        start += 1
    delimiter, header, used = _header(lines[start : start + 50], delimiters)
    of_field = columns.find(header, chosen)
    position = {field: header.index(column) for field, column in of_field.items()}
    for number, cells in _rows(lines, start + used, delimiter, found):
        if not any(cell.strip() for cell in cells):
            continue
        location = f"line {number}"
        if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            found.leave_out(
                location, f"it has {len(cells)} cells and the table {len(header)} columns; is a quote missing?"
            )
            continue
        values = {field: cells[at] if at < len(cells) else "" for field, at in position.items()}
        id = values.pop("id", "").strip()
        found.add(f"{location}, ticket {id[:40]}" if id else location, values)


def _header(lines: Sequence[str], delimiters: str) -> tuple[str, list[str], int]:
    """Return the delimiter that gives the most columns, the names of these, and the lines that they take."""
    best: tuple[str, list[str], int] | None = None
    for delimiter in delimiters:
        reader = csv.reader(lines, delimiter=delimiter)
        try:
            header = next(reader, [])
        except csv.Error:
            continue
        if best is None or len(header) > len(best[1]):
            best = (delimiter, header, reader.line_num)
    if best is None or not any(name.strip() for name in best[1]):
        raise Invalid("The table has no first line with the names of its columns.")
    return best


def _rows(lines: Sequence[str], start: int, delimiter: str, found: PastTickets) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows from a line on, with the number of the line that each begins at, from 1."""
    restarts = 0
    while start < len(lines):
        reader = csv.reader(lines[start:], delimiter=delimiter, strict=True)
        begins = start
        while True:
            begins = start + reader.line_num
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                found.leave_out(f"line {begins + 1}", _problem(error))
                if "unexpected end" in str(error) and restarts < _MAX_RESTARTS:  # all that follows was swallowed
                    restarts += 1
                    break
            else:
                yield begins + 1, cells
        start = begins + 1


def _problem(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "a quote is opened and never closed"
    if "expected after" in str(error):
        return "there is a quote inside a quoted cell that is not doubled"
    return f"it cannot be read: {error}"
