"""Rows of tables as lines that can be understood, found and cited alone.

`Service: Standard delivery · Time: 2 to 4 working days · Price: 4.95 €`: each cell has the name of its column, so a
table may be cut anywhere. `kb.sentences` never splits such a line.
"""

from collections.abc import Iterator, Sequence

from kb import sentences
from kb.readers.blocks import Block
from kb.sentences import CELL_SEPARATOR

#: Characters; a longer row is a line for each cell, with the row's first cell before it.
_MAX_ROW = 600

#: A cell; None continues the one on its left.
Cell = str | None


def row_blocks(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Iterator[Block]:
    """Yield a line for each row of a table.

    A row with one cell alone names the group of the rows below it. Two cells without names of columns are a name and
    its value: `Saturday: 10:00 to 14:00.`

    Args:
        header: the name of each column, empty where it has none; may be shorter than the rows.
        rows: the cells of each row, from the first column on.
    """
    columns = max((len(row) for row in rows), default=0)
    group, used = "", True
    for row in rows:
        if columns > 1 and _is_group(row, columns):
            if group and not used:
                yield "line", 0, group, ""
            group, used = row[0] or "", False
            continue
        for line in _lines(header, row, group):
            yield "line", 0, line, ""
            used = True
    if group and not used:
        yield "line", 0, group, ""


def guessed_header(rows: Sequence[Sequence[Cell]], *, min_columns: int = 3) -> bool:
    """Whether the first row of a table without marked headers names the columns: short, distinct, without figures."""
    first = [cell or "" for cell in rows[0]] if rows else []
    named = [cell for cell in first if cell]
    return (
        len(rows) > 1
        and len(first) >= min_columns
        and all(first[1:])
        and len(set(named)) == len(named)
        and not any(len(cell) > 60 or any(map(str.isdigit, cell)) for cell in named)
    )


def unmarked_rows(rows: Sequence[Sequence[Cell]]) -> Iterator[Block]:
    """Yield a line for each row of a table whose format marks no header; the first row may name the columns."""
    is_named = guessed_header(rows)
    header = [cell or "" for cell in rows[0]] if is_named else []
    yield from row_blocks(header, rows[1:] if is_named else rows)


def _is_group(row: Sequence[Cell], columns: int) -> bool:
    """Whether a row has one cell that spans it."""
    return bool(row and row[0]) and all(cell is None for cell in row[1:]) and len(row) == columns


def _lines(header: Sequence[str], row: Sequence[Cell], group: str) -> Iterator[str]:
    cells = _named(header, row)
    if not cells:
        return
    head, *rest = cells
    if group:
        head = f"{group}{CELL_SEPARATOR}{head}"
    if len(cells) == 2 and not group and not any(header):
        yield _pair(*cells)
        return
    line = CELL_SEPARATOR.join((head, *rest))
    if len(line) <= _MAX_ROW or not rest:
        yield line
        return
    for cell in rest:
        yield f"{head}{CELL_SEPARATOR}{cell}"


def _named(header: Sequence[str], row: Sequence[Cell]) -> list[str]:
    """Return the cells that are not empty, each after the names of its columns."""
    cells: list[str] = []
    for column, cell in enumerate(row):
        if not cell:
            continue
        end = column + 1
        while end < len(row) and row[end] is None:
            end += 1
        names = [name for name in dict.fromkeys(header[column:end]) if name]
        name = ", ".join(names)
        if not name or name == cell:
            cells.append(cell)
        else:
            cells.append(f"{name} {cell}" if name[-1] in ":?" else f"{name}: {cell}")
    return cells


def _pair(name: str, value: str) -> str:
    name = name.rstrip(": ")
    if name.endswith("?") or len(list(sentences.split(value))) > 1:
        return f"{name}{CELL_SEPARATOR}{value}"
    return f"{name}: {value}" + ("" if value[-1] in ".!?)" else ".")
