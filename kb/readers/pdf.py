"""PDF: its text layer in reading order, with headings where type is larger, each page found at `page=N`."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kb.errors import DocumentTooLarge, DocumentUnreadable
from kb.readers.blocks import Block

MAX_PAGES = 2_000

#: Type this much larger than most of the document's is a heading's; smaller than this many points is not seen.
_MIN_HEADING_RATIO = 1.15
_MIN_VISIBLE_PT = 2.0
_MAX_HEADING_CHARACTERS = 150

_BULLET = re.compile(r"^(?:[•◦▪‣·–—*-]|\d{1,2}[.)])\s+")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "\u00ad": "", "\ufffe": ""})


@dataclass(frozen=True, kw_only=True)
class _Line:
    text: str
    size: float  # of its type, in points
    top: float
    bottom: float


def read_pdf(data: bytes) -> Iterator[Block]:
    """Yield the blocks of a PDF.

    Raises:
        DocumentUnreadable: it is damaged or encrypted, or has no text layer.
        DocumentTooLarge: it has more than 2,000 pages.
    """
    import pypdfium2

    try:
        file = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise DocumentUnreadable("The PDF is encrypted; send it without a password.") from None
        raise DocumentUnreadable("The PDF is damaged and cannot be opened.") from None
    if len(file) > MAX_PAGES:
        raise DocumentTooLarge(f"The PDF has {len(file):,} pages; at most {MAX_PAGES:,} are accepted. Split it.")
    pages = [_lines(file[number]) for number in range(len(file))]
    if not any(pages):
        raise DocumentUnreadable("The PDF holds no text: it looks scanned. Send one with a text layer.")
    yield from _blocks(_without_running_heads(pages))


def _lines(page: Any) -> list[_Line]:
    """Return the lines of a page with the size of their first letter, top to bottom as they were written."""
    import pypdfium2.raw as raw

    text = page.get_textpage()
    lines: list[_Line] = []
    position = 0
    for written in text.get_text_range().split("\r\n"):
        visible = written.translate(_LIGATURES).strip()
        first = position + len(written) - len(written.lstrip())
        position += len(written) + 2
        if not visible:
            continue
        _left, bottom, _right, top = text.get_charbox(first, loose=True)
        size = raw.FPDFText_GetFontSize(text, first)
        # Type may be set at 1 pt and scaled: the box is what the reader sees.
        size = max(size, top - bottom) if size <= 1.5 else size
        if size >= _MIN_VISIBLE_PT and top - bottom >= 1.0:
            lines.append(_Line(text=visible, size=round(size, 1), top=top, bottom=bottom))
    return lines


def _without_running_heads(pages: list[list[_Line]]) -> list[list[_Line]]:
    """Leave out first and last lines that most pages share but for their numbers."""
    if len(pages) < 4:
        return pages

    def masked(line: _Line) -> str:
        return re.sub(r"\d+", "#", line.text)

    heads = Counter(masked(lines[0]) for lines in pages if lines)
    feet = Counter(masked(lines[-1]) for lines in pages if len(lines) > 1)
    left = []
    for lines in pages:
        if lines and heads[masked(lines[0])] > len(pages) / 2:
            lines = lines[1:]
        if lines and feet[masked(lines[-1])] > len(pages) / 2:
            lines = lines[:-1]
        left.append(lines)
    return left


def _blocks(pages: list[list[_Line]]) -> Iterator[Block]:
    letters: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            letters[line.size] += len(line.text)
    body = letters.most_common(1)[0][0] if letters else 0.0
    larger = sorted((size for size in letters if size >= _MIN_HEADING_RATIO * body), reverse=True)
    levels = {size: min(6, level) for level, size in enumerate(larger, 1)}
    for number, lines in enumerate(pages, 1):
        anchor = f"page={number}"
        yield "place", 0, "", anchor
        paragraph: list[_Line] = []
        for line in lines:
            level = levels.get(line.size) if len(line.text) <= _MAX_HEADING_CHARACTERS else None
            if paragraph and (level is not None or _begins(line, paragraph[-1], levels)):
                yield _paragraph(paragraph, levels, anchor)
                paragraph = []
            paragraph.append(line)
        if paragraph:
            yield _paragraph(paragraph, levels, anchor)


def _begins(line: _Line, before: _Line, levels: dict[float, int]) -> bool:
    """Whether a line begins a paragraph: it is a list item, or stands apart, or what precedes it is a heading."""
    height = max(before.top - before.bottom, 1.0)
    gap = before.bottom - line.top
    return (
        before.size in levels or bool(_BULLET.match(line.text)) or gap > 0.6 * height or gap < -3 * height
    )  # upwards: a new column


def _paragraph(lines: list[_Line], levels: dict[float, int], anchor: str) -> Block:
    text = lines[0].text
    for line in lines[1:]:
        if text.endswith("-") and line.text[:1].islower():
            text = text[:-1] + line.text
        else:
            text += " " + line.text
    level = levels.get(lines[0].size) if len(lines) == 1 and len(text) <= _MAX_HEADING_CHARACTERS else None
    if level is not None:
        return "heading", level, text, anchor
    if _BULLET.match(text):
        return "line", 0, "- " + _BULLET.sub("", text) if not text[0].isdigit() else text, ""
    return "text", 0, text, ""
