"""Blocks, which every reader yields, and the document that is made of them."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from kb.errors import DocumentUnreadable


@dataclass(frozen=True, kw_only=True)
class Section:
    """A stretch of a document's text under one heading.

    `start` and `end` are offsets in characters; the heading's own line is not part of it.
    """

    headings: tuple[str, ...]
    anchor: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Document:
    """The text of a file. Blocks stand apart by a blank line; list items and table rows by a line.

    `sections_join` says whether short neighbouring sections belong together, as those of an article do and the rows
    of a table of questions do not.
    """

    title: str
    text: str
    sections: tuple[Section, ...]
    sections_join: bool = True


#: (kind, level, text, anchor). `heading` opens a section; `text` is a paragraph; `line` stands close to the line before
#: it, as list items and table rows do; `place` has no text: what follows is found at its anchor.
Block = tuple[str, int, str, str]

#: Characters; a heading stands with each passage below it.
_MAX_HEADING = 300

#: Characters that choose a glyph's form; a run of them can carry text that nobody sees.
_VARIATIONS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


class Writer:
    """Writes blocks one after the other and notes where each section begins and ends.

    `title` stands in where no heading of the first level names the document.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._parts: list[str] = []
        self._length = 0
        self._sections: list[Section] = []
        self._path: list[tuple[int, str]] = []
        self._anchor = ""
        self._start = 0
        self._last = ""
        self._named: str | None = None

    def finish(self, blocks: Iterable[Block]) -> Document:
        """Return the document that the blocks make.

        Raises:
            DocumentUnreadable: there is no text in them.
        """
        for kind, level, raw, anchor in blocks:
            if kind == "place":
                self._close()
                self._anchor = anchor
                continue
            text = clean(raw)
            if not text:
                continue
            if kind == "heading":
                self._close()
                text = " ".join(text.split())[:_MAX_HEADING]
                if level == 1 and self._named is None and not self._sections:
                    self._named = text
                while self._path and self._path[-1][0] >= level:
                    self._path.pop()
                self._path.append((level, text))
                self._anchor = anchor or slug(text)
                self._put(text, "\n\n")
                self._start = self._length
            else:
                self._put(text, "\n" if kind == self._last == "line" else "\n\n")
            self._last = kind
        self._close()
        if not self._sections:
            raise DocumentUnreadable("The document holds headings at most, no text.")
        return Document(title=self._named or self._title, text="".join(self._parts), sections=tuple(self._sections))

    def _put(self, text: str, gap: str) -> None:
        if self._parts:
            self._parts.append(gap)
            self._length += len(gap)
            if self._start == self._length - len(gap):
                self._start = self._length
        self._parts.append(text)
        self._length += len(text)

    def _close(self) -> None:
        if self._length > self._start:
            self._sections.append(
                Section(
                    headings=tuple(text for _level, text in self._path),
                    anchor=self._anchor,
                    start=self._start,
                    end=self._length,
                )
            )
            self._start = self._length


def slug(heading: str) -> str:
    """Return the anchor that most renderers give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def clean(text: str) -> str:
    """Fold white space, compose accents and drop what cannot be seen or printed."""
    text = unicodedata.normalize("NFC", text)
    text = _VARIATIONS.sub("", text)
    text = "".join(char for char in text if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co"))
    return re.sub(r"[^\S\n]+", " ", text).strip()
