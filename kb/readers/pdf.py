"""PDF: its text layer in reading order, with headings where type is larger, each page found at `page=N`."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from kb.errors import DocumentTooLarge, DocumentUnreadable
from kb.readers.blocks import Block, counted
from kb.readers.pdf_lines import Line, lines_of

MAX_PAGES = 2_000

#: Type this much larger than most of the document's is a heading's.
_MIN_HEADING_RATIO = 1.15
_MAX_HEADING_CHARACTERS = 150

#: Fewer pages than these may begin alike without a running head, or alike on the left or the right.
_MIN_PAGES = 4
_MIN_FACING_PAGES = 6

_BULLET = re.compile(r"^(?:[•◦▪‣·–—*-]|\d{1,2}[.)])\s+")


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
    left_out: Counter[str] = Counter()
    pages = [lines_of(page, left_out) for page in _pages(file)]
    if not any(pages):
        raise DocumentUnreadable("The PDF holds no text: it looks scanned. Send one with a text layer.")
    left_out["pages_without_text"] = sum(not lines for lines in pages)
    yield from _blocks(_without_running_heads(pages))
    yield from counted(left_out)


def _pages(file: Any) -> Iterator[Any]:
    """Yield the pages, with the values of forms on them as they are shown."""
    import pypdfium2.raw as raw

    if file.get_formtype() != raw.FORMTYPE_NONE:
        file.init_forms()
    for number in range(len(file)):
        page = file[number]
        if file.formenv is not None and page.flatten() == raw.FLATTEN_SUCCESS:
            page.close()
            page = file[number]
        yield page
        page.close()


def _without_running_heads(pages: list[list[Line]]) -> list[list[Line]]:
    """Leave out first and last lines that most pages, or most of the left or right ones, share but for numbers."""
    if len(pages) < _MIN_PAGES:
        return pages

    def masked(line: Line) -> str:
        return re.sub(r"\d+", "#", line.text)

    def shared(lines: dict[int, Line]) -> set[int]:
        """Return the numbers of the pages whose line, one for each page, is a running one."""
        everywhere = Counter(map(masked, lines.values()))
        by_side = Counter((number % 2, masked(line)) for number, line in lines.items())
        return {
            number
            for number, line in lines.items()
            if everywhere[masked(line)] > len(pages) / 2
            or (len(pages) >= _MIN_FACING_PAGES and by_side[number % 2, masked(line)] > len(pages) / 4)
        }

    heads = shared({number: lines[0] for number, lines in enumerate(pages) if lines})
    feet = shared({number: lines[-1] for number, lines in enumerate(pages) if len(lines) > 1})
    return [
        lines[number in heads : len(lines) - (number in feet and len(lines) > (number in heads))]
        for number, lines in enumerate(pages)
    ]


def _blocks(pages: list[list[Line]]) -> Iterator[Block]:
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
        paragraph: list[Line] = []
        for line in lines:
            level = levels.get(line.size) if len(line.text) <= _MAX_HEADING_CHARACTERS else None
            if paragraph and (level is not None or _begins(line, paragraph[-1], levels)):
                yield _paragraph(paragraph, levels, anchor)
                paragraph = []
            paragraph.append(line)
        if paragraph:
            yield _paragraph(paragraph, levels, anchor)


def _begins(line: Line, before: Line, levels: dict[float, int]) -> bool:
    """Whether a line begins a paragraph: it is a list item, or stands apart, or what precedes it is a heading."""
    height = max(before.top - before.bottom, 1.0)
    gap = before.bottom - line.top
    return (
        before.size in levels or bool(_BULLET.match(line.text)) or gap > 0.6 * height or gap < -3 * height
    )  # upwards: a new column


def _paragraph(lines: list[Line], levels: dict[float, int], anchor: str) -> Block:
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
