"""Tables of HTML: the grid of their cells, with merged ones, and the names of their columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kb.readers.blocks import Block
from kb.readers.html_text import Page
from kb.readers.rows import Cell, guessed_header, row_blocks

_MAX_COLUMNS = 100
_MAX_SPAN = 1_000
#: Characters; a table with a longer cell places parts of a page.
_MAX_CELL = 1_200


@dataclass(frozen=True, kw_only=True)
class _Row:
    cells: list[Cell]
    tags: frozenset[str]
    is_bold: bool
    in_head: bool


def is_layout(table: Any) -> bool:
    """Whether a table only places parts of a page: it nests tables or headings, or has one column or one row."""
    if any(node is not table for node in table.iter("table", "h1", "h2")):
        return True
    rows = [row for row in table.iter("tr") if len(row)]
    widest = max((len(row) for row in rows), default=0)
    if widest < 2 or (len(rows) < 2 and not table.findall(".//th")):
        return True
    return any(len(cell.text_content()) > _MAX_CELL for cell in table.iter("td", "th"))


def table_blocks(table: Any, page: Page) -> Iterator[Block]:
    """Yield the caption of a table of facts and a line for each row (`kb.readers.rows`)."""
    yield "text", 0, "", ""
    caption = table.find("caption")
    if caption is not None and (text := page.text(caption)):
        yield "text", 0, text if text[-1] in ".:!?" else f"{text}:", ""
    rows = _rows(table, page)
    count = _header_rows(rows)
    names = [_repeated(row.cells) for row in rows[:count] if not _spans_all(row.cells)]
    titles = [row.cells[0] for row in rows[:count] if _spans_all(row.cells)]
    for title in filter(None, titles):
        yield "text", 0, f"{title}:", ""
    header = [", ".join(dict.fromkeys(filter(None, column))) for column in zip(*names, strict=False)]
    yield from row_blocks(header, [row.cells for row in rows[count:]])
    yield "text", 0, "", ""


def _rows(table: Any, page: Page) -> list[_Row]:
    """Return the rows with a cell for each column: merged cells are repeated downwards, and None to the right."""
    rows: list[_Row] = []
    open_cells: dict[int, tuple[int, Cell]] = {}  # by column: the rows that a cell still spans, and the cell
    for node in table.iter("tr"):
        if page.is_hidden(node):
            continue
        cells: list[Cell] = []
        found = [cell for cell in node.iterchildren("td", "th") if not page.is_hidden(cell)]
        for cell in found:
            _continue_merged(cells, open_cells)
            text = page.text(cell, separator=", ")
            width, height = _span(cell, "colspan"), _span(cell, "rowspan")
            for offset in range(min(width, _MAX_COLUMNS - len(cells))):
                value = None if offset else text
                if height > 1:
                    open_cells[len(cells)] = (height - 1, value)
                cells.append(value)
        _continue_merged(cells, open_cells)
        if any(cells):
            tags = frozenset(cell.tag for cell in found if page.text(cell))
            bold = bool(found) and all(_is_bold(cell, page) for cell in found)
            in_head = node.getparent() is not None and node.getparent().tag == "thead"
            rows.append(_Row(cells=cells, tags=tags, is_bold=bold, in_head=in_head))
    return rows


def _continue_merged(cells: list[Cell], open_cells: dict[int, tuple[int, Cell]]) -> None:
    """Add what cells of the rows above have in the next columns."""
    while len(cells) in open_cells:
        left, cell = open_cells.pop(len(cells))
        if left > 1:
            open_cells[len(cells)] = (left - 1, cell)
        cells.append(cell)


def _span(cell: Any, name: str) -> int:
    value = (cell.get(name) or "").strip()
    return max(1, min(int(value), _MAX_SPAN)) if value.isascii() and value.isdigit() else 1


def _is_bold(cell: Any, page: Page) -> bool:
    """Whether all text of a cell is bold; an empty cell is."""
    bold = "".join(
        page.text(node) for node in cell.iter("b", "strong") if not node.xpath("ancestor::b|ancestor::strong")
    )
    return "".join(bold.split()) == "".join(page.text(cell).split())


def _header_rows(rows: list[_Row]) -> int:
    """Return how many rows at the top name the columns; never all of them."""
    count = 0
    while count < len(rows) and (rows[count].in_head or rows[count].tags == {"th"}):
        if count and not rows[count].in_head and _spans_all(rows[count].cells):
            break  # the name of the first group of rows
        count += 1
    if count >= len(rows):
        return 1 if len(rows) > 1 else 0
    if not count and (_names_by_type(rows) or guessed_header([row.cells for row in rows])):
        return 1
    return count


def _names_by_type(rows: list[_Row]) -> bool:
    """Whether the first row alone is bold."""
    first = rows[0]
    return len(rows) > 1 and first.is_bold and len(list(filter(None, first.cells))) > 1 and not rows[1].is_bold


def _spans_all(cells: list[Cell]) -> bool:
    return len(cells) > 1 and all(cell is None for cell in cells[1:])


def _repeated(cells: list[Cell]) -> list[str]:
    """Return the cells of a header with merged ones in each column that they name."""
    names: list[str] = []
    for cell in cells:
        names.append((names[-1] if names else "") if cell is None else cell)
    return names
