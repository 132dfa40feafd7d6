"""Check each sentence of a draft against the passage it cites; what is not supported is not sent."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb import sentences
from kb.search import Hit
from worker.conversations.outcomes import Citation

#: A sentence is supported when this share of its content words stands in one or two neighbouring sentences of
#: its passage.
LEAST_SUPPORT = 0.6

#: A draft that loses more than this share of its sentences is not sent: what is left may mislead.
MOST_DROPPED = 0.5

_MARK = re.compile(r"\s*\[(\d{1,3})\]")
_MARKS_AFTER_STOP = re.compile(r"([.!?])((?:\s*\[\d{1,3}\])+)")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_LINK = re.compile(r"https?://\S+|\b[\w.+-]+@[\w-]+\.\w+\b")


@dataclass(frozen=True, kw_only=True)
class Grounded:
    """A draft of which only supported sentences are left. `support` is that of the weakest of them, 0 to 1."""

    content: str
    citations: tuple[Citation, ...]
    support: float
    dropped: int


@dataclass(frozen=True, kw_only=True)
class _Support:
    score: float
    start: int
    end: int


def check(draft: str, hits: Sequence[Hit]) -> Grounded | None:
    """Return what of a draft its passages support, or None when that is too little to send.

    `[n]` in the draft cites `hits[n - 1]`; numbers that were never given are ignored. In the result the numbers run
    from 1 in the order of appearance, and each stands for one quote.
    """
    kept: list[str] = []
    cited: dict[tuple[int, int, int], Citation] = {}
    weakest, dropped = 1.0, 0
    for line in _MARKS_AFTER_STOP.sub(r"\2\1", draft).splitlines():
        spoken = []
        for start, end in sentences.split(line):
            claim = line[start:end]
            found = _best_support(claim, hits)
            if found is None:
                dropped += bool(sentences.content(_MARK.sub("", claim)))
                continue
            position, support = found
            key = (position, support.start, support.end)
            if key not in cited:
                cited[key] = _citation(len(cited) + 1, hits[position], support)
            weakest = min(weakest, support.score)
            spoken.append(_with_mark(_MARK.sub("", claim), cited[key].number))
        if spoken:
            kept.append(" ".join(spoken))
        elif kept and kept[-1] and not line.strip():
            kept.append("")
    if not cited or dropped > MOST_DROPPED * (dropped + len(cited)):
        return None
    return Grounded(
        content="\n".join(kept).strip(), citations=tuple(cited.values()), support=round(weakest, 3), dropped=dropped
    )


def _best_support(claim: str, hits: Sequence[Hit]) -> tuple[int, _Support] | None:
    """Return which passage supports a sentence and where; only cited ones count when it cites any that were given."""
    cited = [int(number) - 1 for number in _MARK.findall(claim)]
    given = [position for position in cited if 0 <= position < len(hits)]
    if cited and not given:
        return None
    said = _MARK.sub("", claim)
    best: tuple[int, _Support] | None = None
    for position in given or range(len(hits)):
        found = support(said, hits[position].record.text)
        if found is not None and (best is None or found.score > best[1].score):
            best = position, found
    return best if best is not None and best[1].score >= LEAST_SUPPORT else None


def support(claim: str, passage: str) -> _Support | None:
    """Return how well one or two neighbouring sentences of a passage support a claim, and which.

    The score is the share of the claim's content words (stems) that the quote has; 0 when the claim has a number,
    link or address that the quote lacks, or when the claim is negated and the sentence nearest to it is not, or the
    other way round.
    """
    wanted = sentences.content(claim)
    if not wanted:
        return None
    spans = list(sentences.split(passage))
    best: _Support | None = None
    for first in range(len(spans)):
        for last in (first, first + 1):
            if last >= len(spans):
                continue
            start, end = spans[first][0], spans[last][1]
            quote = passage[start:end]
            nearest = max(
                (passage[slice(*span)] for span in spans[first : last + 1]),
                key=lambda sentence: len(wanted & sentences.content(sentence)),
            )
            if not _agrees(claim, quote) or _denies(claim) != _denies(nearest):
                continue
            score = len(wanted & sentences.content(quote)) / len(wanted)
            if best is None or score > best.score + 0.05 * (last - first):
                best = _Support(score=score, start=start, end=end)
    return best


def _agrees(claim: str, quote: str) -> bool:
    """Whether what must be exact is exact: numbers, links and addresses."""
    if not set(_NUMBER.findall(claim)) <= set(_NUMBER.findall(quote)):
        return False
    return all(link.rstrip(".,;)") in quote for link in _LINK.findall(claim))


def _denies(text: str) -> bool:
    return bool(sentences.NEGATIONS.intersection(sentences.words(text)))


def _citation(number: int, hit: Hit, support: _Support) -> Citation:
    record = hit.record
    url = record.url
    if url and record.anchor and "#" not in url:
        url = f"{url}#{record.anchor}"
    return Citation(
        number=number,
        document_id=record.document_id,
        title=record.title,
        url=url,
        quote=record.text[support.start : support.end],
        start=record.start + support.start,
        end=record.start + support.end,
    )


def _with_mark(sentence: str, number: int) -> str:
    """Put the number before the sentence's closing mark, as readers expect it."""
    sentence = sentence.strip()
    if sentence[-1:] in (".", "!"):
        return f"{sentence[:-1]} [{number}]{sentence[-1]}"
    return f"{sentence} [{number}]"
