"""Slides: text boxes, groups, tables, charts and diagrams in the order of the page."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from kb.errors import DocumentUnreadable
from kb.readers import packages
from kb.readers.blocks import Block, counted
from kb.readers.rows import row_blocks
from kb.readers.word import texts_of_diagram
from kb.sentences import CELL_SEPARATOR

_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"
_DATA = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm"


def read_slides(data: bytes) -> Iterator[Block]:
    """Yield a section for each visible slide, under its title, with the anchor `slide-N`.

    Notes, hidden slides and images are left out and counted.

    Raises:
        DocumentUnreadable: it is damaged.
    """
    import pptx

    left_out: Counter[str] = Counter()
    try:
        slides = list(pptx.Presentation(packages.packed(packages.parts_of(data))).slides)
    except Exception:  # noqa: BLE001 - whatever a damaged file makes the library raise
        raise DocumentUnreadable("The presentation is damaged and cannot be opened.") from None
    for number, slide in enumerate(slides, 1):
        if slide._element.get("show") in ("0", "false"):  # the library has no name for hidden slides
            left_out["hidden_slides"] += 1
            continue
        title = slide.shapes.title
        named = " ".join(title.text_frame.text.split()) if title is not None else ""
        yield "heading", 2, named or f"Slide {number}", f"slide-{number}"
        for shape in _in_order(slide.shapes):
            if title is None or shape.shape_id != title.shape_id:
                yield from _shape(shape, slide, left_out)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            left_out["notes"] += bool(slide.notes_slide.notes_text_frame.text.strip())
    yield from counted(left_out)


def _in_order(shapes: Iterable[Any]) -> list[Any]:
    """Return shapes as they are read: those of one row, about a quarter of an inch, from the left."""
    row = 914_400 // 4
    placed = list(shapes)
    if any(shape.top is None or shape.left is None for shape in placed):
        return placed  # of a layout; their order in the file is that of the page
    return sorted(placed, key=lambda shape: (shape.top // row, shape.left))


def _shape(shape: Any, slide: Any, left_out: Counter[str]) -> Iterator[Block]:
    if hasattr(shape, "shapes"):
        for inner in _in_order(shape.shapes):
            yield from _shape(inner, slide, left_out)
    elif shape.has_text_frame:
        texts = [line for entry in shape.text_frame.paragraphs for line in entry.text.replace("\v", "\n").split("\n")]
        lines = [" ".join(text.split()) for text in texts]
        for line in filter(None, lines):
            yield "line" if len(lines) > 1 else "text", 0, line, ""
    elif getattr(shape, "has_table", False):
        rows = [[" ".join(cell.text.split()) for cell in row.cells] for row in shape.table.rows]
        header = rows[0] if len(rows) > 1 and shape.table.first_row else []
        yield from row_blocks(header, rows[1:] if header else rows)
    elif getattr(shape, "has_chart", False):
        yield from _chart(shape.chart)
    else:
        left_out["images"] += hasattr(shape, "image")
        for node in shape._element.iter(_DIAGRAM):
            related = slide.part.rels.get(node.get(_DATA))
            part = None if related is None or related.is_external else related.target_part.blob
            for text in texts_of_diagram(part):
                yield "line", 0, text, ""


def _chart(chart: Any) -> Iterator[Block]:
    """Yield the title of a chart and a line for each category with its values."""
    if chart.has_title and chart.chart_title.has_text_frame:
        yield "text", 0, " ".join(chart.chart_title.text_frame.text.split()), ""
    for plot in chart.plots:
        series = list(plot.series)
        for number, category in enumerate(plot.categories):
            values = [(entry.name, entry.values[number]) for entry in series if number < len(entry.values)]
            cells = [f"{name}: {value:g}" for name, value in values if value is not None]
            yield "line", 0, CELL_SEPARATOR.join([str(category), *cells]), ""
