"""Cut a document into passages: whole sentences, under one heading, with exact offsets."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kb import sentences
from kb.documents import Document, Section

#: Tokens of a passage's own text. all-MiniLM-L6-v2 reads 256; the rest is room for title and headings.
TARGET_TOKENS = 180


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A stretch of a document: `text == document.text[start:end]`."""

    ordinal: int
    start: int
    end: int
    text: str
    headings: tuple[str, ...]
    anchor: str
    title: str

    @property
    def embedded(self) -> str:
        """What is embedded and indexed: title and headings, then the text."""
        heading = " > ".join(part for part in self.headings if part != self.title)
        return "\n".join(part for part in (self.title, heading, self.text) if part)

    @property
    def digest(self) -> str:
        """Names the passage's content: equal for equal `embedded` text, wherever it stands."""
        return hashlib.sha256(self.embedded.encode()).hexdigest()


def cut(
    document: Document, *, count_tokens: Callable[[str], int], target_tokens: int = TARGET_TOKENS
) -> Iterator[Passage]:
    """Yield the passages of a document, in order.

    A sentence, list item or table row is never cut; one that is longer than `target_tokens` stands alone.
    `count_tokens` may count special tokens too: the limit is soft.
    """
    ordinal = 0
    for section in document.sections:
        for start, end in _pack(document.text, section, count_tokens, target_tokens):
            yield Passage(
                ordinal=ordinal,
                start=start,
                end=end,
                text=document.text[start:end],
                headings=section.headings,
                anchor=section.anchor,
                title=document.title,
            )
            ordinal += 1


def _pack(
    text: str, section: Section, count_tokens: Callable[[str], int], target_tokens: int
) -> Iterator[tuple[int, int]]:
    start: int | None = None
    last = used = 0
    for begin, end in sentences.split(text[section.start : section.end], offset=section.start):
        cost = count_tokens(text[begin:end])
        if start is not None and used + cost > target_tokens:
            yield start, last
            start, used = None, 0
        if start is None:
            start = begin
        used += cost
        last = end
    if start is not None:
        yield start, last
