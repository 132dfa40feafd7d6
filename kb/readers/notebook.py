"""Jupyter notebooks: Markdown cells, code, and what it printed."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kb.errors import DocumentUnreadable
from kb.readers.blocks import Block, counted


def read_notebook(text: str, markdown: Callable[[str], Iterable[Block]]) -> Iterator[Block]:
    """Yield the blocks of a notebook's cells, of the formats 3 and 4; `markdown` reads the text of one.

    Raises:
        DocumentUnreadable: it is no notebook.
    """
    try:
        book = json.loads(text)
        cells = book.get("cells") or [cell for sheet in book.get("worksheets", []) for cell in sheet.get("cells", [])]
    except (ValueError, RecursionError, AttributeError):
        raise DocumentUnreadable("The file is no notebook.") from None
    left_out: Counter[str] = Counter()
    for cell in cells:
        if not isinstance(cell, dict):
            continue
        source = _joined(cell.get("source", cell.get("input", "")))
        if cell.get("cell_type") == "markdown":
            yield from markdown(source)
            continue
        yield "text", 0, source, ""
        for output in cell.get("outputs") or ():
            yield from _output(output, left_out)
    yield from counted(left_out)


def _output(output: Any, left_out: Counter[str]) -> Iterator[Block]:
    if not isinstance(output, dict):
        return
    held = output.get("data")
    data = held if isinstance(held, dict) else output
    left_out["images"] += any(str(kind).startswith("image/") or kind in ("png", "jpeg", "svg") for kind in data)
    text = output.get("text") or data.get("text/plain")
    if text:
        yield "text", 0, _joined(text), ""


def _joined(text: Any) -> str:
    """Return text that may be a list of lines."""
    return "".join(map(str, text)) if isinstance(text, list) else str(text)
