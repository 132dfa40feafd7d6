"""Cut a document into passages: whole sentences, under one heading, with exact offsets."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kb import links, sentences
from kb.readers.blocks import Document, Section

#: Tokens of a passage's own text, chosen in docs/quality.md. all-MiniLM-L6-v2 reads 256; the rest is room for title and
#: headings.
TARGET_TOKENS = 120

#: What is longer says something, also without a letter, as rows of figures do.
_SCRAP_TOKENS = 20


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
        """The text that is embedded and indexed: title and headings, then the passage without the addresses of l"
        "inks."""
        heading = " > ".join(part for part in self.headings if part != self.title)
        return "\n".join(part for part in (self.title, heading, links.without_addresses(self.text)) if part)

    @property
    def digest(self) -> str:
        """Names the passage's content: equal for equal `embedded` text, wherever it stands."""
        return hashlib.sha256(self.embedded.encode()).hexdigest()


def cut(
    document: Document, *, count_tokens: Callable[[str], int], target_tokens: int = TARGET_TOKENS
) -> Iterator[Passage]:
    """Yield the passages of a document, in order.

    A sentence, list item or table row is never cut; one that is longer than `target_tokens` stands alone. Neighbouring
    sections that fit together into one passage share it, under the headings that they have in common.
    `count_tokens` may count special tokens too: the limit is soft.
    """
    pieces = [
        _Piece(section=section, start=start, end=end, tokens=tokens)
        for section in document.sections
        for start, end, tokens in _with_letters(
            document.text, _pack(document.text, section, count_tokens, target_tokens)
        )
    ]
    if document.sections_join:
        pieces = _joined(pieces, target_tokens)
    for ordinal, piece in enumerate(pieces):
        yield Passage(
            ordinal=ordinal,
            start=piece.start,
            end=piece.end,
            text=document.text[piece.start : piece.end],
            headings=piece.section.headings,
            anchor=piece.section.anchor,
            title=document.title,
        )


def _with_letters(text: str, packed: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return the passages of a section, short ones without a letter at the end of the one before.

    Alone, a bracket or a number that is left over is near to whatever is asked in a language that the passages are not
    in: two of them were found first for half of the Chinese questions of XQuAD.
    """
    kept: list[tuple[int, int, int]] = []
    for start, end, tokens in packed:
        if kept and tokens <= _SCRAP_TOKENS and not any(map(str.isalpha, text[start:end])):
            kept[-1] = (kept[-1][0], end, kept[-1][2] + tokens)
        else:
            kept.append((start, end, tokens))
    return kept


@dataclass(frozen=True, kw_only=True)
class _Piece:
    section: Section
    start: int
    end: int
    tokens: int


def _joined(pieces: list[_Piece], target_tokens: int) -> list[_Piece]:
    """Join neighbours while they fit: a short article is one passage, and so is an introduction with what follows."""
    joined: list[_Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last is None or last.tokens + piece.tokens > target_tokens:
            joined.append(piece)
            continue
        common = tuple(
            heading
            for heading, other in zip(last.section.headings, piece.section.headings, strict=False)
            if heading == other
        )
        section = Section(headings=common, anchor=last.section.anchor, start=last.start, end=piece.end)
        joined[-1] = _Piece(section=section, start=last.start, end=piece.end, tokens=last.tokens + piece.tokens)
    return joined


def _pack(
    text: str, section: Section, count_tokens: Callable[[str], int], target_tokens: int
) -> Iterator[tuple[int, int, int]]:
    """Yield (start, end, tokens) of runs of whole sentences."""
    start: int | None = None
    last = used = 0
    for begin, end in sentences.split(text[section.start : section.end], offset=section.start):
        cost = count_tokens(links.without_addresses(text[begin:end]))
        if start is not None and used + cost > target_tokens:
            yield start, last, used
            start, used = None, 0
        if start is None:
            start = begin
        used += cost
        last = end
    if start is not None:
        yield start, last, used
