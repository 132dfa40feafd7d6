"""The lines of a PDF's page: what is painted on it, from the top to the bottom and column by column."""

from collections import Counter
from collections.abc import Iterator, Sequence
from ctypes import c_uint
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "\u00ad": "", "\ufffe": ""})

#: Type smaller than this many points is not seen.
_MIN_VISIBLE_PT = 2.0

#: A gap of so many times the height of type parts columns.
_MIN_GUTTER_RATIO = 1.8

#: Lines of which both sides of a gap have at least so many words are columns of text; others are rows of a table.
_MIN_COLUMN_LINES = 3
_MIN_COLUMN_WORDS = 3

#: The share of a page that a picture covers when the page is a scan, whose invisible text was recognised on it.
_MIN_SCAN_SHARE = 0.5
_NOT_PAINTED = 3  # the render mode of text, ISO 32000-1, 9.3.6
_WHITE = 250


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of text with the size of its type in points, and its place in points from the lower left corner."""

    text: str
    size: float
    top: float
    bottom: float
    left: float = 0.0
    right: float = 0.0


@dataclass(frozen=True, kw_only=True)
class _Word:
    text: str
    left: float
    right: float


def lines_of(page: Any, left_out: Counter[str]) -> list[Line]:
    """Return the lines of a page that are seen; stretches that are not are added to `left_out` as `hidden_text`."""
    text = page.get_textpage()
    look = _Look(page, text)
    rows: list[list[Line]] = []
    position, hidden_before = 0, False
    for written in text.get_text_range().split("\r\n"):
        words, hidden = _words(written, position, text, look)
        left_out["hidden_text"] += hidden and not (hidden_before and not words)
        hidden_before = hidden
        first = position + len(written) - len(written.lstrip())
        position += len(written) + 2
        if not words:
            continue
        _left, bottom, _right, top = text.get_charbox(first, loose=True)
        line = Line(text="", size=round(look.size(first), 1), top=top, bottom=bottom)
        rows.append(list(_pieces(words, line)))
    return _in_order(rows)


class _Look:
    """Tells how characters of a page are painted."""

    def __init__(self, page: Any, text: Any) -> None:
        self._page = page
        self._text = text
        self._scan: bool | None = None
        self._painted: list[tuple[float, float, float, float]] | None = None

    def size(self, index: int) -> float:
        """Return the height of type in points; type may be set at 1 pt and scaled, and the box is what is seen."""
        import pypdfium2.raw as raw

        size = float(raw.FPDFText_GetFontSize(self._text, index))
        if size > 1.5:
            return size
        left, bottom, right, top = self._text.get_charbox(index, loose=True)
        return float(max(size, min(top - bottom, 4 * (right - left))))

    def is_hidden(self, index: int) -> bool:
        """Whether a character is not painted, tiny, or white with nothing behind it."""
        import pypdfium2.raw as raw

        _left, bottom, _right, top = self._text.get_charbox(index, loose=True)
        if self.size(index) < _MIN_VISIBLE_PT or top - bottom < 1.0:
            return True
        painted = raw.FPDFText_GetTextObject(self._text, index)
        if painted and raw.FPDFTextObj_GetTextRenderMode(painted) == _NOT_PAINTED:
            return not self._is_scan()
        red, green, blue, alpha = c_uint(), c_uint(), c_uint(), c_uint()
        if not raw.FPDFText_GetFillColor(self._text, index, red, green, blue, alpha):
            return False
        white = min(red.value, green.value, blue.value) >= _WHITE
        return alpha.value == 0 or (white and not self._is_backed(index))

    def _is_scan(self) -> bool:
        if self._scan is None:
            import pypdfium2.raw as raw

            width, height = self._page.get_size()
            images = self._page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3)
            areas = (_area(image.get_bounds()) for image in images)
            self._scan = any(area >= _MIN_SCAN_SHARE * width * height for area in areas)
        return self._scan

    def _is_backed(self, index: int) -> bool:
        """Whether a shape or a picture is painted where a character stands."""
        if self._painted is None:
            import pypdfium2.raw as raw

            kinds = (raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_SHADING)
            self._painted = [entry.get_bounds() for entry in self._page.get_objects(filter=kinds, max_depth=3)]
        left, bottom, right, top = self._text.get_charbox(index)
        x, y = (left + right) / 2, (bottom + top) / 2
        return any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for box in self._painted)


def _area(box: tuple[float, float, float, float]) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _words(written: str, position: int, text: Any, look: _Look) -> tuple[list[_Word], bool]:
    """Return the words of a line that are seen, and whether any is not."""
    words, hidden, at = [], False, 0
    for word in written.split(" "):
        first, last = position + at, position + at + len(word) - 1
        at += len(word) + 1
        seen = word.translate(_LIGATURES).strip()
        if not seen:
            continue
        if look.is_hidden(first):
            hidden = True
            continue
        words.append(_Word(text=seen, left=text.get_charbox(first)[0], right=text.get_charbox(last)[2]))
    return words, hidden


def _pieces(words: Sequence[_Word], line: Line) -> Iterator[Line]:
    """Yield the stretches of a line between wide gaps."""
    gap = _MIN_GUTTER_RATIO * max(line.top - line.bottom, line.size)
    start = 0
    for at in range(1, len(words) + 1):
        if at < len(words) and words[at].left - words[at - 1].right < gap:
            continue
        some = words[start:at]
        text = " ".join(word.text for word in some)
        yield replace(line, text=text, left=some[0].left, right=some[-1].right)
        start = at


def _in_order(rows: list[list[Line]]) -> list[Line]:
    """Return lines as they are read: columns one after the other, rows of tables whole, else from the top down."""
    ordered: list[Line] = []
    at = 0
    while at < len(rows):
        end = at
        while end < len(rows) and _is_columns(rows[end], rows[at]):
            end += 1
        if end - at >= _MIN_COLUMN_LINES:
            for column in range(len(rows[at])):
                ordered += [row[column] for row in rows[at:end] if column < len(row)]
            at = end
        else:
            ordered += _joined(rows[at])
            at += 1
    return _from_the_top(ordered)


def _is_columns(row: list[Line], first: list[Line]) -> bool:
    """Whether a line continues two columns of text that `first` begins."""
    if len(row) != 2 or len(first) != 2 or any(len(piece.text.split()) < _MIN_COLUMN_WORDS for piece in row):
        return False
    return abs(row[1].left - first[1].left) < 2 * row[0].size and abs(row[0].left - first[0].left) < 4 * row[0].size


def _joined(row: list[Line]) -> list[Line]:
    return [replace(row[0], text=" ".join(piece.text for piece in row), right=row[-1].right)]


def _from_the_top(lines: list[Line]) -> list[Line]:
    """Return lines from the top down where the file has them in another order than any that is read."""
    for before, line in pairwise(lines):
        upwards = line.bottom > before.top
        beside = line.left >= before.right or line.right <= before.left
        if upwards and not beside and not _begins_column(line, lines):
            return sorted(lines, key=lambda entry: -entry.top)
    return lines


def _begins_column(line: Line, lines: list[Line]) -> bool:
    """Whether all lines before one stand to its left or above it, as those of an earlier column do."""
    return all(entry.right <= line.left or entry.bottom >= line.top for entry in lines[: lines.index(line)])
