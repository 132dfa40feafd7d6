"""Check each sentence of a draft against the passage it cites; what is not supported is not sent."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from kb import sentences
from kb.search import Hit
from worker.answering import fact_check, injection_filter
from worker.conversations.outcomes import Citation

#: A sentence is supported when this share of its content words stands in one or two neighbouring sentences of
#: its passage …
MIN_SUPPORT = 0.6

#: … or when it says the same in other words: its vector is at least this near to theirs, and it has this share of their
#: words. docs/quality.md has what both were chosen on.
MIN_NEARNESS = 0.75
_MIN_SHARED = 0.2

#: Of a claim of one clause, this share of its words stands in one of the two.
_MIN_OF_ONE = 0.55

#: A sentence with this much less of a claim than one that contradicts it does not bear the claim out.
_MUCH_LESS = 0.2

#: Places of a passage that are compared by vectors, those with the most words in common first.
_COMPARED = 4

#: Says how near two texts are: the cosine of their vectors.
Nearness = Callable[[str, str], float]

#: A draft that begins with what is not supported and loses more than this share of its sentences is not sent.
MAX_DROPPED = 0.5

_MARK = re.compile(r"\s*\[\d{1,3}(?:, ?\d{1,3})*\]")
_BRACKETED = re.compile(r"\[(\d{1,9}(?:, ?\d{1,9})*)\]")
_ITEM = re.compile(r"\s*(?:\d{1,2}[.)]|[-*•])\s+")
_MARKS_AFTER_STOP = re.compile(r"([.!?])((?:\s*\[\d{1,3}(?:, ?\d{1,3})*\])+)")

#: What sentences end with, and a whole word of the next one.
_STOPS = (".", "!", "?", "…", "。", "！", "？")
_BEGUN = re.compile(r"(?<!\[)\b[^\W\d]\w*\W")


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


def check(draft: str, hits: Sequence[Hit], *, similarity: Nearness | None = None) -> Grounded | None:
    """Return what of a draft its passages support, or None when that is too little to send; see `Check`."""
    whole = Check(similarity=similarity)
    whole.feed(draft, hits)
    return whole.finish(hits)


class Check:
    """Checks a draft while it is written, each sentence as soon as it is whole.

    `[n]` in the draft cites `hits[n - 1]`; numbers that were never given are ignored. In the result the numbers run
    from 1 in the order of appearance, and each stands for one quote. Without `similarity`, which takes an embedding
    model, only what is said in much the same words counts.
    """

    def __init__(self, *, similarity: Nearness | None = None) -> None:
        self._nearness = similarity
        self._content = ""
        self._cited: dict[tuple[int, int, int], Citation] = {}
        self._weakest = 1.0
        self._supported = self._dropped = 0
        self._opened: bool | None = None  # whether the first sentence that says anything is supported
        self._between = ""  # what stands between the last sentence that was kept and the next
        self._line = ""
        self._new_line()

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Return what is cited so far."""
        return tuple(self._cited.values())

    @property
    def said(self) -> str:
        """What may be said already: `finish` never takes it back.

        Nothing, while it could still turn out that too little of the draft is supported.
        """
        return self._content if self._opened else ""

    def feed(self, text: str, hits: Sequence[Hit]) -> None:
        """Take what was written next; `hits` are the passages that were given by then."""
        lines = (self._line + text).splitlines(keepends=True)
        for line in lines[:-1]:
            self._line = line
            self._end_line(hits)
        self._line = lines[-1] if lines else ""
        if self._line.endswith("\n"):
            self._end_line(hits)
        elif self._may_have_ended(text):
            self._judge(hits, ended=False)

    def finish(self, hits: Sequence[Hit]) -> Grounded | None:
        """Return what the passages support, or None when that is too little to send.

        A draft whose first sentence is not supported may not lose more than MAX_DROPPED of its sentences.
        """
        self._end_line(hits)
        if not self._cited or not (self._opened or self._dropped <= MAX_DROPPED * (self._dropped + self._supported)):
            return None
        return Grounded(
            content=self._content, citations=self.citations, support=round(self._weakest, 3), dropped=self._dropped
        )

    def _end_line(self, hits: Sequence[Hit]) -> None:
        if self._line.strip():
            self._judge(hits, ended=True)
            if self._spoke:
                self._between = "\n"
        elif self._line and self._content:
            self._between = "\n\n"
        self._new_line()

    def _new_line(self) -> None:
        self._line = ""
        self._judged = 0  # characters of the line that were judged
        self._spoke = False  # whether any of it was kept
        self._stopped = False  # whether a sentence may have ended in the rest of it
        self._next_look = 0  # the length at which it is looked at again

    def _may_have_ended(self, text: str) -> bool:
        """Whether a look at the line is worth its price, with what came last; long lines are looked at less often."""
        self._stopped = self._stopped or any(stop in text for stop in _STOPS)
        if not self._stopped or len(self._line) < self._next_look or not any(map(str.isalpha, self._line[-40:])):
            return False
        self._next_look = len(self._line) + (len(self._line) - self._judged) // 40
        return True

    def _judge(self, hits: Sequence[Hit], *, ended: bool) -> None:
        """Judge the sentences of the line that were not yet; the last one only when the line has ended."""
        line = _MARKS_AFTER_STOP.sub(r"\2\1", self._line)  # as long as before
        item = _ITEM.match(line)
        begin = max(self._judged, item.end() if item is not None else 0)
        spans = list(sentences.split(line[begin:], offset=begin))
        if not ended:
            # The last is not judged yet; nor the one before, while it may prove to be one with it: "(incl. VAT)".
            if not spans or not _BEGUN.search(_MARK.sub("", line[spans[-1][0] :])):
                return
            open_ = line[begin : spans.pop()[0]]
            if spans and (
                open_.count("(") > open_.count(")") or open_.count('"') % 2 or open_.count("“") > open_.count("”")
            ):
                return
        lead = item.group().lstrip() if item is not None else ""
        for start, end in spans:
            self._judge_one(line[start:end], hits, lead="" if self._spoke else lead)
            self._judged = end
        if spans:
            self._stopped = any(stop in line[self._judged :] for stop in _STOPS)
            self._next_look = 0

    def _judge_one(self, claim: str, hits: Sequence[Hit], *, lead: str) -> None:
        said, cited = _read(claim, hits)
        found = _best_support(said, cited, hits, self._nearness)
        if found is None:
            if sentences.content(said):
                self._dropped += 1
                self._opened = bool(self._opened)
            return
        position, support = found
        key = (position, support.start, support.end)
        if key not in self._cited:
            self._cited[key] = _citation(len(self._cited) + 1, hits[position], support)
        self._weakest = min(self._weakest, support.score)
        self._supported += 1
        if self._opened is None:
            self._opened = True
        self._content += self._between + lead + _with_mark(said, self._cited[key].number)
        self._between, self._spoke = " ", True


def _read(claim: str, hits: Sequence[Hit]) -> tuple[str, list[int]]:
    """Return a sentence without its citations, and the numbers that it cites.

    A number in brackets may also be a part of what a passage says. One that is glued to a word stays as it is there, as
    in `items[0]`; one that stands by itself and is no passage's number is put in round brackets, as readers of an
    answer take every `[n]` for a citation. `[1, 2]` cites both.
    """
    cited: list[int] = []
    said, at = "", 0
    for mark in _BRACKETED.finditer(claim):
        before, at = claim[at : mark.start()], mark.end()
        word, numbers = _last_word(before), [int(number) for number in mark[1].split(",")]
        given = all(1 <= number <= len(hits) for number in numbers)
        literal = word + mark[0]
        if (word or len(numbers) > 1 or not given) and any(literal in hit.record.text for hit in hits):
            said += before + (mark[0] if word or len(numbers) > 1 else f"({numbers[0]})")
        else:
            cited.extend(numbers)
            said += before.rstrip()
    return said + claim[at:], cited


def _last_word(text: str) -> str:
    """Return the word that a text ends with, or nothing."""
    start = len(text)
    while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    return text[start:]


def _best_support(
    said: str, cited: Sequence[int], hits: Sequence[Hit], similarity: Nearness | None
) -> tuple[int, _Support] | None:
    """Return which passage supports a sentence and where; only cited ones count when it cites any that were given."""
    given = [number - 1 for number in cited if 1 <= number <= len(hits)]
    if cited and not given:
        return None
    best: tuple[int, _Support] | None = None
    for position in given or range(len(hits)):
        record = hits[position].record
        about = " ".join((record.title, *record.headings))
        found = support(said, record.text, about=about, similarity=similarity if given else None)
        if found is not None and (best is None or found.score > best[1].score):
            best = position, found
    return best if best is not None and best[1].score >= MIN_SUPPORT else None


def support(claim: str, passage: str, *, about: str = "", similarity: Nearness | None = None) -> _Support | None:
    """Return how well one or two neighbouring sentences of a passage support a claim, and which.

    The score is the share of the claim's content words (stems) that the quote has, or the cosine of both where that is
    what supports it. A quote does not count when the
    claim has what must be exact and the quote has not (`exactness`), or when the claim is negated and the sentence
    nearest to it is not, or the other way round. Names may also come from `about`, what the passage says of itself.
    """
    wanted = _content(claim)
    if not wanted:
        return None
    simple = len(fact_check.clauses(claim)) == 1
    spans = list(sentences.split(passage))
    best: _Support | None = None
    others: list[_Support] = []
    refuted = 0.0  # how much of the claim stands in a sentence that says otherwise
    for first in range(len(spans)):
        for last in (first, first + 1):
            if last >= len(spans):
                continue
            start, end = spans[first][0], spans[last][1]
            if last > first and injection_filter.was_blanked(passage[spans[first][1] : spans[last][0]]):
                continue  # the document says something between them, so it has no such quote
            quote = passage[start:end]
            nearest = max(
                (passage[slice(*span)] for span in spans[first : last + 1]),
                key=lambda sentence: len(wanted & _content(sentence)),
            )
            score = len(wanted & _content(quote)) / len(wanted)
            if score < (_MIN_SHARED if similarity else MIN_SUPPORT):
                continue
            if fact_check.contradicts(claim, nearest):
                refuted = max(refuted, len(wanted & _content(nearest)) / len(wanted))
                continue
            if last > first and simple and len(wanted & _content(nearest)) < _MIN_OF_ONE * len(wanted):
                continue  # half of it of one sentence, half of the other: neither says it
            if fact_check.disagreement(claim, quote, passage=passage, about=about) is not None:
                continue
            found = _Support(score=score, start=start, end=end)
            if score < MIN_SUPPORT:
                others.append(found)
            elif best is None or score > best.score + 0.05 * (last - first):
                best = found
    if best is not None and best.score + _MUCH_LESS < refuted:
        return None  # what is most like it says otherwise
    if best is None and similarity is not None:
        others = [one for one in others if one.score >= refuted]
        others.sort(key=lambda one: (-one.score, one.end - one.start))
        for one in others[:_COMPARED]:
            cosine = similarity(claim, passage[one.start : one.end])
            if cosine >= MIN_NEARNESS and (best is None or cosine > best.score):
                best = replace(one, score=cosine)
    return best


@lru_cache(maxsize=2_000)
def _content(text: str) -> frozenset[str]:
    """Return the words that carry a text's subject; numbers do when there is nothing else."""
    return sentences.content(fact_check.without_numbers(text)) or sentences.content(text)


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
