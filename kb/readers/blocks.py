"""Blocks, which every reader yields, and the document that is made of them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from kb.errors import DocumentTooLarge, DocumentUnreadable
from kb.readers.characters import visible


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
    of a table of questions do not. `left_out` counts what the file holds and the text does not, as `hidden_sheets`;
    `cleaned` counts characters that were dropped or changed; `charset` is named where nothing but its bytes told it.
    """

    title: str
    text: str
    sections: tuple[Section, ...]
    sections_join: bool = True
    left_out: Mapping[str, int] = field(default_factory=dict)
    cleaned: Mapping[str, int] = field(default_factory=dict)
    charset: str | None = None


#: (kind, level, text, anchor). `heading` opens a section; `text` is a paragraph; `line` stands close to the line before
#: it, as list items and table rows do, unless an empty `text` parts them; `place` has no text: what follows is found at
#: its anchor. `left_out` counts what the reader leaves out: its level is how many, its text of which kind.
Block = tuple[str, int, str, str]

#: Characters; a heading stands with each passage below it.
_MAX_HEADING = 300


class Writer:
    """Writes blocks one after the other and notes where each section begins and ends.

    `title` stands in where no heading of the first level names the document.
    """

    def __init__(self, title: str, *, max_characters: int | None = None) -> None:
        self._title = title
        self._max_characters = max_characters
        self._parts: list[str] = []
        self._length = 0
        self._sections: list[Section] = []
        self._path: list[tuple[int, str]] = []
        self._anchor = ""
        self._start = 0
        self._last = ""
        self._named: str | None = None
        self._left_out: Counter[str] = Counter()
        self._cleaned: Counter[str] = Counter()

    def finish(self, blocks: Iterable[Block]) -> Document:
        """Return the document that the blocks make.

        Raises:
            DocumentUnreadable: there is no text in them.
            DocumentTooLarge: there are over `max_characters`; a table may say a cell a thousand times.
        """
        for kind, level, raw, anchor in blocks:
            if kind == "place":
                self._close()
                self._anchor = anchor
                continue
            if kind == "left_out":
                self._left_out[raw] += level
                continue
            text = visible(raw, self._cleaned)
            if not text:
                self._last = "" if kind == "text" else self._last
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
        return Document(
            title=self._named or self._title,
            text="".join(self._parts),
            sections=tuple(self._sections),
            left_out=dict(+self._left_out),
            cleaned=dict(self._cleaned),
        )

    def _put(self, text: str, gap: str) -> None:
        if self._parts:
            self._parts.append(gap)
            self._length += len(gap)
            if self._start == self._length - len(gap):
                self._start = self._length
        self._parts.append(text)
        self._length += len(text)
        if self._max_characters is not None and self._length > self._max_characters:
            raise DocumentTooLarge(
                f"The document has more than {self._max_characters:,} characters; no more are accepted. Split it."
            )

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


def counted(left_out: Counter[str]) -> Iterator[Block]:
    """Yield the counts of a reader's omissions, by kind."""
    for kind, count in (+left_out).items():
        yield "left_out", count, kind, ""


def paragraphs(text: str) -> Iterator[Block]:
    """Yield plain text by paragraphs, which blank lines part."""
    for paragraph in re.split(r"\n\s*\n", text):
        yield "text", 0, " ".join(paragraph.split()), ""
