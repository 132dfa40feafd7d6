"""Check each sentence of a draft against the passage it cites, and drop those that it does not support."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kb import sentences
from kb.search import Hit
from worker.answering import citations, fact_check, pleasantries
from worker.answering.judge import Doubt
from worker.answering.support import (
    Entailment,
    Similarity,
    Support,
    best_support,
    closest_quote,
    is_refuted,
)
from worker.conversations.outcomes import Citation

#: A draft whose first sentence is not supported is not sent when more than this share of its sentences is dropped.
MAX_DROPPED = 0.5

_MARK = re.compile(r"\s*\[\d{1,3}(?:, ?\d{1,3})*\]")
_BRACKETED = re.compile(r"\[(\d{1,9}(?:, ?\d{1,9})*)\]")
_ANSWER_WORD = re.compile(r"\W*(?:yes|no|ja|nein|oui|non|sí|si|sì|nee|sim|não|tak|nie)\W*$", re.I)
_ANSWER_OPENING = re.compile(r"\W*(yes|no|ja|nein|oui|non|sí|sì|nee|sim|não|tak|nie)\s*[,:;–—-]\s*", re.I)
_YES = ("yes", "ja", "oui", "sí", "si", "sì", "sim", "tak")

#: From this share of the question's words on, a sentence affirms what was asked.
_MOSTLY = 0.6
_ITEM = re.compile(r"\s*(?:\d{1,2}[.)]|[-*•])\s+")
_MARKS_AFTER_STOP = re.compile(r"([.!?])((?:\s*\[\d{1,3}(?:, ?\d{1,3})*\])+)")

#: The marks that end a sentence, and the first whole word of the next one.
_STOPS = (".", "!", "?", "…", "。", "！", "？")
_BEGUN = re.compile(r"(?<!\[)\b[^\W\d]\w*\W")


@dataclass(frozen=True, kw_only=True)
class Grounded:
    """The supported sentences of a draft. `support` is their lowest score, 0 to 1; `dropped` counts the others."""

    content: str
    citations: tuple[Citation, ...]
    support: float
    dropped: int


def check(
    draft: str,
    hits: Sequence[Hit],
    *,
    question: str = "",
    similarity: Similarity | None = None,
    entailment: Entailment | None = None,
) -> Grounded | None:
    """Check a whole draft at once; arguments and result are those of `Check`."""
    check_of_draft = Check(question=question, similarity=similarity, entailment=entailment)
    check_of_draft.feed(draft, hits)
    return check_of_draft.finish(hits)


class Check:
    """Checks a draft while it is written, each sentence as soon as it is complete.

    `[n]` in the draft, or another form that `citations.normalized` reads, cites `hits[n - 1]`; other numbers are
    ignored. In the result the numbers run from 1 in the order of appearance, one for each quote. Without `similarity`,
    which needs an embedding model, paraphrases do not count as supported. `entailment` is a model of support, which
    decides where words and vectors are not certain.

    With `awaits_judge`, each sentence that would be dropped is kept in `doubts`, and from the first of them on nothing
    is final; a second check with the judge's `verdicts`, by sentence, then decides.

    What claims nothing costs nothing: greetings, thanks and closings go, headings and introductions stay where a
    supported sentence follows, and a list of sources at the end goes. After a step of a numbered list that is not
    supported, the other steps go too.
    """

    def __init__(
        self,
        *,
        question: str = "",
        similarity: Similarity | None = None,
        entailment: Entailment | None = None,
        awaits_judge: bool = False,
        verdicts: Mapping[Doubt, bool] | None = None,
    ) -> None:
        self._question = question
        self._similarity = similarity
        self._entailment = entailment
        self._awaits_judge = awaits_judge
        self._verdicts = verdicts or {}
        self._final: tuple[str, tuple[Citation, ...]] | None = None  # what was final when the first doubt arose
        self.doubts: list[Doubt] = []
        self.failed: list[str] = []  # the sentences that were dropped
        self._introductions: list[str] = []  # what leads to the next supported sentence
        self._dropped_since = False  # whether a sentence was dropped since the first of them
        self._answer_word = ""  # a bare "Yes." or "No." before the sentence that it goes with
        self._in_sources = False
        self._list_broken = False
        self._known: tuple[int, frozenset[str]] = (-1, frozenset())
        self._content = ""
        self._cited: dict[tuple[int, int, int], Citation] = {}
        self._weakest = 1.0
        self._supported = self._dropped = 0
        self._first_supported: bool | None = None  # whether the first sentence with content is supported
        self._separator = ""  # the separator between the last kept sentence and the next
        self._line = ""
        self._new_line()

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Return the citations of `final_content`, and at the end of all that was kept."""
        return self._final[1] if self._final is not None else tuple(self._cited.values())

    @property
    def final_content(self) -> str:
        """The text that `finish` will begin with, so that it can be sent already.

        Empty as long as the whole draft may still be found to have too little support.
        """
        if self._final is not None:
            return self._final[0]
        return self._content if self._first_supported else ""

    def feed(self, text: str, hits: Sequence[Hit]) -> None:
        """Take the next part of the draft; `hits` are all passages that it may cite so far."""
        lines = (self._line + text).splitlines(keepends=True)
        for line in lines[:-1]:
            self._line = line
            self._end_line(hits)
        self._line = lines[-1] if lines else ""
        if self._line.endswith("\n"):
            self._end_line(hits)
        elif self._may_have_ended(text):
            self._check_line(hits, ended=False)

    def finish(self, hits: Sequence[Hit]) -> Grounded | None:
        """Return the supported sentences; None when there are none, or when MAX_DROPPED forbids to send them."""
        self._end_line(hits)
        if not self._cited or not (
            self._first_supported or self._dropped <= MAX_DROPPED * (self._dropped + self._supported)
        ):
            return None
        return Grounded(
            content=self._content,
            citations=tuple(self._cited.values()),
            support=round(self._weakest, 3),
            dropped=self._dropped,
        )

    def _end_line(self, hits: Sequence[Hit]) -> None:
        if self._line.strip():
            self._check_line(hits, ended=True)
            if self._line_kept:
                self._separator = "\n"
        elif self._line and self._content:
            self._separator = "\n\n"
        self._new_line()

    def _new_line(self) -> None:
        self._line = ""
        self._checked = 0  # characters of the line that were checked
        self._line_kept = False  # whether a sentence of the line was kept
        self._may_have_stop = False  # whether a sentence may have ended in the rest of it
        self._next_check_at = 0  # the length at which the line is examined again

    def _may_have_ended(self, text: str) -> bool:
        """Whether a sentence may have ended with `text`; long lines are examined less often, which bounds the cost."""
        self._may_have_stop = self._may_have_stop or any(stop in text for stop in _STOPS)
        if (
            not self._may_have_stop
            or len(self._line) < self._next_check_at
            or not any(map(str.isalpha, self._line[-40:]))
        ):
            return False
        self._next_check_at = len(self._line) + (len(self._line) - self._checked) // 40
        return True

    def _check_line(self, hits: Sequence[Hit], *, ended: bool) -> None:
        """Check the sentences of the line that were not checked yet; the last one only when the line has ended."""
        line = citations.normalized(self._line)
        if self._is_source(line, hits, ended=ended):
            return
        line = _MARKS_AFTER_STOP.sub(r"\2\1", line)  # as long as before
        item = _ITEM.match(line)
        if item is None and not line[:1].isspace():
            self._list_broken = False
        begin = max(self._checked, item.end() if item is not None else 0)
        spans = list(sentences.split(line[begin:], offset=begin))
        if not ended:
            # The last one is incomplete. So may be the one before, while a bracket or quotation is open: "(incl. VAT)".
            if not spans or not _BEGUN.search(_MARK.sub("", line[spans[-1][0] :])):
                return
            unfinished = line[begin : spans.pop()[0]]
            if spans and (
                unfinished.count("(") > unfinished.count(")")
                or unfinished.count('"') % 2
                or unfinished.count("“") > unfinished.count("”")
            ):
                return
        lead = item.group().lstrip() if item is not None else ""
        step = lead[:1].isdigit()
        for start, end in spans:
            if step and self._list_broken and not self._awaits_judge:
                self._drop(line[start:end])
            else:
                kept = self._check_sentence(line[start:end], hits, lead="" if self._line_kept else lead)
                self._list_broken = self._list_broken or (step and not kept)
            self._checked = end
        if spans:
            self._may_have_stop = any(stop in line[self._checked :] for stop in _STOPS)
            self._next_check_at = 0

    def _is_source(self, line: str, hits: Sequence[Hit], *, ended: bool) -> bool:
        """Whether a line belongs to a list of sources at the end of the draft."""
        titles = sentences.content(" ".join(" ".join((hit.record.title, *hit.record.headings)) for hit in hits))
        if not ended and self._in_sources:
            return True  # a part of a line is not judged
        if citations.begins_sources(line, titles=titles):
            self._in_sources = ended or self._in_sources
            return True
        self._in_sources = self._in_sources and citations.is_source_entry(line, titles=titles)
        return self._in_sources

    def _drop(self, sentence: str) -> None:
        self.failed.append(sentence)
        self._answer_word = ""
        self._dropped_since = True
        self._dropped += 1
        self._first_supported = bool(self._first_supported)

    def _check_sentence(self, claim: str, hits: Sequence[Hit], *, lead: str) -> bool:
        """Keep or drop a sentence; return False when a claim was dropped."""
        text, cited = _read(citations.without_attribution(claim), hits)
        if _ANSWER_WORD.match(text):
            self._answer_word = text
            return True
        if pleasantries.is_pleasantry(text):
            return True
        if pleasantries.is_introduction(text, known=self._known_stems(hits)):
            if self._dropped_since:
                self._introductions.clear()
                self._dropped_since = False
            self._introductions.append(lead + text)
            return True
        claimed = _ANSWER_OPENING.sub("", text, count=1)
        found = self._judged(text, cited, hits, self._support(claimed, cited, hits))
        if found is None:
            if sentences.content(text):
                self._drop(text)
                return False
            return True
        self._keep(text, found, hits, lead=lead)
        return True

    def _support(self, text: str, cited: Sequence[int], hits: Sequence[Hit]) -> tuple[int, Support] | None:
        return best_support(text, cited, hits, self._similarity, self._entailment)

    def _judged(
        self, text: str, cited: Sequence[int], hits: Sequence[Hit], found: tuple[int, Support] | None
    ) -> tuple[int, Support] | None:
        """Return the support of a sentence by the judge's verdict, or the local one where there is no verdict."""
        if found is not None or not sentences.content(text) or is_refuted(text, hits, question=self._question):
            return found
        doubt = Doubt(text=text, cited=tuple(cited))
        if self._verdicts.get(doubt):
            return closest_quote(text, cited, hits, self._similarity)
        if self._awaits_judge:
            if self._final is None:
                self._final = self.final_content, self.citations
            self.doubts.append(doubt)
        return None

    def _known_stems(self, hits: Sequence[Hit]) -> frozenset[str]:
        """Return the stems of the content words of the question and of all passages."""
        if self._known[0] != len(hits):
            texts = (f"{hit.record.title} {' '.join(hit.record.headings)} {hit.record.text}" for hit in hits)
            self._known = len(hits), sentences.content(" ".join((self._question, *texts)))
        return self._known[1]

    def _keep(self, text: str, found: tuple[int, Support], hits: Sequence[Hit], *, lead: str) -> None:
        position, support = found
        key = (position, support.start, support.end)
        if key not in self._cited:
            self._cited[key] = _citation(len(self._cited) + 1, hits[position], support)
        self._weakest = min(self._weakest, support.score)
        self._supported += 1
        if self._first_supported is None:
            self._first_supported = True
        for introduction in self._introductions:
            self._content += self._separator + _balanced(introduction)
            self._separator = "\n"
        self._introductions.clear()
        self._dropped_since = False
        if self._answer_word and not _is_opposite(self._answer_word, text, self._question):
            text = f"{self._answer_word} {text}"
        self._answer_word = ""
        if (opening := _ANSWER_OPENING.match(text)) is not None and _is_opposite(opening[1], text, self._question):
            text = text[opening.end() :]
            text = text[:1].upper() + text[1:]
        self._content += self._separator + lead + _with_mark(_balanced(text), self._cited[key].number)
        self._separator, self._line_kept = " ", True


def _is_opposite(word: str, sentence: str, question: str) -> bool:
    """Whether "Yes" or "No" before a supported sentence says the opposite of it.

    "Yes" and a denial of most of what was asked, or "No" and its affirmation. Only the word goes then.
    """
    denied = fact_check.denies(_ANSWER_OPENING.sub("", sentence))
    asked = sentences.content(question)
    repeats = len(asked & sentences.content(sentence)) >= _MOSTLY * max(1, len(asked))
    says_yes = word.strip("*_ .,!").lower() in _YES
    return repeats and not fact_check.denies(question) and denied == says_yes


def _balanced(text: str) -> str:
    """Return a sentence without a mark for bold whose counterpart is in another sentence."""
    return text.replace("**", "") if text.count("**") % 2 else text


def _read(claim: str, hits: Sequence[Hit]) -> tuple[str, list[int]]:
    """Return a sentence without its citation marks, and the numbers that it cites; `[1, 2]` cites both.

    A passage's own text may have a number in brackets. Attached to a word, as in `items[0]`, it stays. By itself, and
    where no passage has this number, it is put in round brackets, since readers take every `[n]` for a citation.
    """
    cited: list[int] = []
    text, at = "", 0
    for mark in _BRACKETED.finditer(claim):
        before, at = claim[at : mark.start()], mark.end()
        word, numbers = _last_word(before), [int(number) for number in mark[1].split(",")]
        are_passages = all(1 <= number <= len(hits) for number in numbers)
        literal = word + mark[0]
        if (word or len(numbers) > 1 or not are_passages) and any(literal in hit.record.text for hit in hits):
            text += before + (mark[0] if word or len(numbers) > 1 else f"({numbers[0]})")
        else:
            cited.extend(numbers)
            text += before.rstrip()
    return text + claim[at:], cited


def _last_word(text: str) -> str:
    """Return the word that a text ends with, or an empty string."""
    start = len(text)
    while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    return text[start:]


def _citation(number: int, hit: Hit, support: Support) -> Citation:
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
    """Return a sentence with its citation number before the final full stop or exclamation mark."""
    sentence = sentence.strip()
    if sentence[-1:] in (".", "!"):
        return f"{sentence[:-1]} [{number}]{sentence[-1]}"
    return f"{sentence} [{number}]"
