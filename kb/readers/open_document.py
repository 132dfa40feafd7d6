"""OpenDocument texts, spreadsheets and slides (OASIS ODF 1.3).

The libraries that were measured read hidden and deleted text, or expand a million repeated rows (decision 0046); the
content is one part, which is walked here.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from kb.errors import DocumentTooLarge, DocumentUnreadable
from kb.readers import packages
from kb.readers.blocks import Block, counted
from kb.readers.rows import unmarked_rows

_MAX_COLUMNS = 100
_MAX_SPACES = 20


_TEXT, _TABLE, _OFFICE, _DRAW, _STYLE, _SHOW = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}"
    for name in ("text", "table", "office", "drawing", "style", "presentation")
)

#: What is not part of the text that is seen, by the name under which it is counted.
_LEFT_OUT = {
    f"{_OFFICE}annotation": "comments",
    f"{_SHOW}notes": "notes",
    f"{_TEXT}hidden-paragraph": "hidden_text",
    f"{_TEXT}hidden-text": "hidden_text",
    f"{_DRAW}image": "images",
    f"{_DRAW}object": "charts",
}
_DROPPED = frozenset((f"{_TEXT}tracked-changes", f"{_OFFICE}forms", f"{_TEXT}sequence-decls", f"{_TEXT}note-citation"))


class _Content:
    """The styles of a document that hide things, and what was left out so far."""

    def __init__(self, root: Any, styles: Any | None) -> None:
        self.left_out: Counter[str] = Counter()
        self.hidden: set[str] = set()
        for tree in (root, styles):
            for style in tree.iter(f"{_STYLE}style") if tree is not None else ():
                if any(
                    node.get(f"{_TEXT}display") == "none"
                    or node.get(f"{_TABLE}display") == "false"
                    or node.get(f"{_SHOW}visibility") == "hidden"
                    for node in style
                ):
                    self.hidden.add(f"{style.get(f'{_STYLE}family')}/{style.get(f'{_STYLE}name')}")

    def hides(self, node: Any, family: str, attribute: str) -> bool:
        return f"{family}/{node.get(attribute)}" in self.hidden


def read_open_document(data: bytes) -> Iterator[Block]:
    """Yield the blocks of an OpenDocument text or presentation.

    Raises:
        DocumentUnreadable: it is damaged.
    """
    body, content = _open(data)
    yield from _blocks(body, content)
    yield from counted(content.left_out)


def read_open_sheets(data: bytes, left_out: Counter[str], *, max_rows: int) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield the name and the rows of each visible sheet of an OpenDocument spreadsheet, cells as they are shown.

    Raises:
        DocumentUnreadable: it is damaged.
        DocumentTooLarge: it has over `max_rows` rows.
    """
    body, content = _open(data)
    left = max_rows
    for table in body.iter(f"{_TABLE}table"):
        if content.hides(table, "table", f"{_TABLE}style-name"):
            content.left_out["hidden_sheets"] += 1
            continue
        rows: list[list[str]] = []
        hidden = _hidden_columns(table)
        content.left_out["hidden_columns"] += len(hidden)
        for row in table.iter(f"{_TABLE}table-row"):
            cells = [cell for column, cell in enumerate(_cells(row, content)) if column not in hidden]
            if not any(cells):
                continue
            if row.get(f"{_TABLE}visibility") in ("collapse", "filter"):
                content.left_out["hidden_rows"] += 1
                continue
            repeated = min(_count(row, "number-rows-repeated"), left + 1)
            rows += [cells] * repeated
            left -= repeated
            if left < 0:
                raise DocumentTooLarge(f"The spreadsheet has more than {max_rows:,} rows. Split it.")
        yield table.get(f"{_TABLE}name", ""), rows
    left_out.update(content.left_out)


def _open(data: bytes) -> tuple[Any, _Content]:
    parts = packages.parts_of(data)
    if "content.xml" not in parts:
        raise DocumentUnreadable("The file is damaged: it has no content.")
    root = packages.xml(parts["content.xml"])
    styles = packages.xml(parts["styles.xml"]) if parts.get("styles.xml") else None
    content = _Content(root, styles)
    for tag in (f"{_STYLE}header", f"{_STYLE}footer"):
        heads = styles.iter(tag) if styles is not None else ()
        content.left_out["headers_and_footers"] += sum(bool("".join(entry.itertext()).strip()) for entry in heads)
    content.left_out["deleted_text"] += sum(1 for _ in root.iter(f"{_TEXT}deletion"))
    body = root.find(f"{_OFFICE}body")
    if body is None:
        raise DocumentUnreadable("The file is damaged: it has no content.")
    return body, content


def _blocks(node: Any, content: _Content, *, item: bool = False) -> Iterator[Block]:
    """Yield the blocks below a node; `item` says that it is within a list, whose first paragraph gets a mark."""
    slide = 0
    for child in node:
        tag = child.tag
        if not isinstance(tag, str) or tag in _DROPPED:
            continue
        if _is_hidden(child, content):
            content.left_out["hidden_text"] += 1
        elif tag in _LEFT_OUT:
            content.left_out[_LEFT_OUT[tag]] += bool("".join(child.itertext()).strip()) or tag.startswith(_DRAW)
        elif tag == f"{_DRAW}page":
            slide += 1
            yield from _slide(child, content, slide)
        elif tag == f"{_TEXT}h":
            yield "heading", min(6, _count(child, "outline-level", _TEXT)), _inline(child, content), ""
        elif tag == f"{_TEXT}p":
            notes: list[str] = []
            text = _inline(child, content, notes)
            if text.strip():
                yield "line" if item else "text", 0, f"- {text}" if item else text, ""
            for note in notes:
                yield "text", 0, note, ""
            yield from _framed(child, content)
        elif tag == f"{_TABLE}table":
            yield from unmarked_rows([_cells(row, content) for row in child.iter(f"{_TABLE}table-row")])
        else:
            yield from _blocks(child, content, item=item or tag == f"{_TEXT}list-item")


def _is_hidden(node: Any, content: _Content) -> bool:
    """Whether a section or paragraph is marked as hidden."""
    if node.tag == f"{_TEXT}section":
        return bool(node.get(f"{_TEXT}display") == "none")
    is_paragraph = node.tag in (f"{_TEXT}p", f"{_TEXT}h")
    return is_paragraph and content.hides(node, "paragraph", f"{_TEXT}style-name")


#: Elements in a cell that hold no text of it.
_BESIDE = (f"{_OFFICE}annotation", f"{_TEXT}note", f"{_TABLE}tracked-changes")


def _framed(paragraph: Any, content: _Content) -> Iterator[Block]:
    """Yield the blocks of text boxes that are anchored in a paragraph."""
    for box in paragraph.iter(f"{_DRAW}text-box"):
        yield from _blocks(box, content)


def _slide(page: Any, content: _Content, number: int) -> Iterator[Block]:
    if content.hides(page, "drawing-page", f"{_DRAW}style-name"):
        content.left_out["hidden_slides"] += 1
        return
    titles = [frame for frame in page.iter(f"{_DRAW}frame") if frame.get(f"{_SHOW}class") == "title"]
    title = " ".join(_inline(titles[0], content).split()) if titles else ""
    yield "heading", 2, title or f"Slide {number}", f"slide-{number}"
    if titles:
        titles[0].getparent().remove(titles[0])
    yield from _blocks(page, content)


def _hidden_columns(table: Any) -> set[int]:
    """Return the numbers of a sheet's hidden columns, from 0."""
    hidden: set[int] = set()
    at = 0
    for column in table.iter(f"{_TABLE}table-column"):
        repeated = min(_count(column, "number-columns-repeated"), max(0, _MAX_COLUMNS - at))
        if column.get(f"{_TABLE}visibility") in ("collapse", "filter"):
            hidden.update(range(at, at + repeated))
        at += repeated
    return hidden


def _cells(row: Any, content: _Content) -> list[str]:
    """Return the texts of a row's cells, repeated cells once each, at most so many."""
    cells: list[str] = []
    for cell in row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
        content.left_out["comments"] += sum(1 for _ in cell.iterchildren(f"{_OFFICE}annotation"))
        texts = (
            _inline(entry, content)
            for entry in cell.iter(f"{_TEXT}p", f"{_TEXT}h")
            if next(entry.iterancestors(*_BESIDE), None) is None
        )
        text = " ".join(" ".join(texts).split())
        if not text:
            kinds = ("date-value", "boolean-value", "string-value", "value", "time-value")
            text = next((value for kind in kinds if (value := cell.get(f"{_OFFICE}{kind}"))), "")
        room = max(0, _MAX_COLUMNS - len(cells))
        cells += [text] * min(_count(cell, "number-columns-repeated"), room)
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _inline(node: Any, content: _Content, notes: list[str] | None = None) -> str:
    """Return the text of a paragraph; those of footnotes are added to `notes`."""
    parts = [node.text or ""]
    for child in node:
        tag = child.tag
        if not isinstance(tag, str):
            pass
        elif tag == f"{_TEXT}s":
            parts.append(" " * min(_count(child, "c", _TEXT), _MAX_SPACES))
        elif tag == f"{_TEXT}tab":
            parts.append(" ")
        elif tag == f"{_TEXT}line-break":
            parts.append("\n")
        elif tag in _LEFT_OUT:
            content.left_out[_LEFT_OUT[tag]] += 1
        elif tag == f"{_TEXT}span" and content.hides(child, "text", f"{_TEXT}style-name"):
            content.left_out["hidden_text"] += bool("".join(child.itertext()).strip())
        elif tag == f"{_TEXT}note":
            body = child.find(f"{_TEXT}note-body")
            if notes is not None and body is not None:
                notes.append(" ".join(_inline(body, content).split()))
        elif tag not in _DROPPED and not (tag == f"{_DRAW}text-box" and notes is not None):
            parts.append(_inline(child, content, notes))
        parts.append(child.tail or "")
    return "".join(parts)


def _count(node: Any, name: str, prefix: str = _TABLE) -> int:
    value = node.get(f"{prefix}{name}", "1")
    return int(value) if value.isdigit() else 1
