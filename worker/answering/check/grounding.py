"""Check each sentence of a draft against the passage it cites, and drop those that it does not support."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kb import sentences
from kb.search import Hit
from worker.answering.check import answer_languages, citations, pleasantries, yes_no
from worker.answering.check.draft_reader import DraftReader, LineEnd, Part, Sentence
from worker.answering.check.judge import Doubt
from worker.answering.check.support import (
    CERTAIN_SUPPORT,
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

#: A list item of so few content words is read after the text that leads to the list: "On the Free plan: Asana".
MAX_WORDS_OF_ITEM = 2


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

    A sentence with a word that is `avoided` is dropped, whatever supports it.

    A citation covers the sentences without one that stand before it in the same paragraph or list: what no passage
    supports by itself waits for the next citation there, and is judged again by the passages that it cites.

    What claims nothing costs nothing: greetings, thanks and closings go unless `keeps_pleasantries`, headings and
    introductions stay where a supported sentence follows, and a list of sources at the end goes. After a step of a
    numbered list that is not supported, the other steps go too.
    """

    def __init__(
        self,
        *,
        question: str = "",
        avoided: re.Pattern[str] | None = None,
        keeps_pleasantries: bool = False,
        similarity: Similarity | None = None,
        entailment: Entailment | None = None,
        awaits_judge: bool = False,
        verdicts: Mapping[Doubt, bool] | None = None,
    ) -> None:
        self._question = question
        self._avoided = avoided
        self._keeps_pleasantries = keeps_pleasantries
        self._similarity = similarity
        self._entailment = entailment
        self._awaits_judge = awaits_judge
        self._verdicts = verdicts or {}
        self._final: tuple[str, tuple[Citation, ...]] | None = None  # what was final when the first doubt arose
        self.doubts: list[Doubt] = []
        self.failed: list[str] = []  # the sentences that were dropped
        self._introductions: list[str] = []  # what leads to the next supported sentence
        self._dropped_since = False  # whether a sentence was dropped since the first of them
        self._leading = ""  # the text that leads to the items of a list
        self._answer_word = ""  # a bare "Yes." or "No." before the sentence that it goes with
        self._reader = DraftReader()
        self._waiting: list[Part] = []  # from the first sentence on that waits for the citation of its paragraph
        self._line_kept = False  # whether a sentence of the line was kept
        self._list_broken = False
        self._known: tuple[int, frozenset[str]] = (-1, frozenset())
        self._content = ""
        self._cited: dict[tuple[int, int, int], Citation] = {}
        self._weakest = 1.0
        self._supported = self._dropped = 0
        self._first_supported: bool | None = None  # whether the first sentence with content is supported
        self._separator = ""  # the separator between the last kept sentence and the next

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
        for part in self._reader.read(text, hits):
            self._take(part, hits)

    def finish(self, hits: Sequence[Hit]) -> Grounded | None:
        """Return the supported sentences; None when there are none, or when MAX_DROPPED forbids to send them."""
        for part in self._reader.rest(hits):
            self._take(part, hits)
        self._release((), hits)
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

    def _take(self, part: Part, hits: Sequence[Hit]) -> None:
        """Check a part of the draft, or have it wait behind a sentence that waits."""
        if self._waiting and isinstance(part, Sentence):
            if self._begins_paragraph(part):
                self._release((), hits)
            elif covering := [number for number in _cited(part, hits) if 1 <= number <= len(hits)]:
                self._release(covering, hits)
        if self._waiting or not self._check_part(part, hits, covering=None):
            self._waiting.append(part)

    def _release(self, covering: Sequence[int], hits: Sequence[Hit]) -> None:
        """Check what waits, by the passages that the next sentence cites; by all where no citation followed."""
        waiting, self._waiting = self._waiting, []
        for part in waiting:
            self._check_part(part, hits, covering=covering)

    def _begins_paragraph(self, sentence: Sentence) -> bool:
        """Whether a sentence begins another paragraph or list than the one that a sentence before it waits in."""
        before = next(part for part in reversed(self._waiting) if isinstance(part, Sentence))
        ends = self._waiting[self._waiting.index(before) :]
        is_after_blank = any(isinstance(part, LineEnd) and part.blank for part in ends)
        return is_after_blank and not (sentence.in_list and before.in_list)

    def _check_part(self, part: Part, hits: Sequence[Hit], *, covering: Sequence[int] | None) -> bool:
        """Keep or drop a part of the draft; return False when it has to wait for a citation (`covering` is None)."""
        if isinstance(part, LineEnd):
            if self._line_kept:
                self._separator = "\n"
            elif part.blank and self._content:
                self._separator = "\n\n"
            self._line_kept = False
            return True
        self._list_broken = self._list_broken and part.in_list
        if part.is_step and self._list_broken and not self._awaits_judge:
            self._drop(part.text)
            return True
        kept = self._check_sentence(part, hits, covering)
        self._list_broken = self._list_broken or (part.is_step and kept is False)
        return kept is not None

    def _drop(self, sentence: str) -> None:
        self.failed.append(sentence)
        self._answer_word = ""
        self._dropped_since = True
        self._dropped += 1
        self._first_supported = bool(self._first_supported)

    def _check_sentence(self, part: Sentence, hits: Sequence[Hit], covering: Sequence[int] | None) -> bool | None:
        """Keep or drop a sentence; return False when a claim was dropped, and None when it has to wait."""
        text, cited = citations.read(citations.without_attribution(part.text), hits)
        lead = "" if self._line_kept else part.lead
        if self._avoided is not None and self._avoided.search(text):
            self._drop(text)
            return False
        if yes_no.is_answer_word(text):
            self._answer_word = text
            return True
        if pleasantries.is_pleasantry(text):
            if self._keeps_pleasantries and pleasantries.may_be_sent(text):
                self._keep_pleasantry(text, lead=lead)
            return True
        if pleasantries.is_introduction(text, known=self._known_stems(hits)):
            self._with_lead(text, part)
            self._introduce(lead + text)
            return True
        read = self._with_lead(text, part)
        supported, found = self._supported_text(read, cited, hits)
        if found is None and not cited and len(hits) > 1 and sentences.content(text):
            if covering is None:
                return None
            if covering:
                supported, found = self._supported_text(read, covering, hits)
        text = supported if read == text else text
        found = self._judged(text, cited, hits, found)
        if found is None:
            if sentences.content(text):
                self._drop(text)
                return False
            return True
        self._keep(text, found, hits, lead=lead)
        return True

    def _with_lead(self, text: str, part: Sentence) -> str:
        """Return a sentence as it is read: after the text that leads to it, if it is a list item of few words."""
        if text.rstrip("*_ ").endswith(":"):
            self._leading = text
        elif not part.in_list:
            self._leading = ""
        elif self._leading and len(sentences.content(text)) <= MAX_WORDS_OF_ITEM:
            return f"{self._leading} {text}"
        return text

    def _introduce(self, text: str) -> None:
        """Have a text stand before the next supported sentence, unless one between them is dropped."""
        if self._dropped_since:
            self._introductions.clear()
            self._dropped_since = False
        self._introductions.append(text)

    def _keep_pleasantry(self, text: str, *, lead: str) -> None:
        if self._first_supported is None or not self._content:
            self._introduce(lead + text)
            return
        self._content += self._separator + lead + _balanced(text)
        self._separator, self._line_kept = " ", True

    def _supported_text(self, text: str, cited: Sequence[int], hits: Sequence[Hit]) -> tuple[str, Support | None]:
        """Return the support of a sentence, and the sentence without the "Yes, " or "No, " that nothing supports.

        "Yes, " may be wrong, or may hide that the rest stands in a passage.
        """
        found = self._support(text, cited, hits)
        if found is None and (rest := yes_no.without_opening(text)) is not None:
            found = self._support(rest, cited, hits)
            if found is not None and found.score < 1:
                text = rest
        return text, found

    def _support(self, text: str, cited: Sequence[int], hits: Sequence[Hit]) -> Support | None:
        return best_support(
            text,
            cited,
            hits,
            question=self._question,
            similarity=self._similarity,
            entailment=self._entailment,
        )

    def _judged(self, text: str, cited: Sequence[int], hits: Sequence[Hit], found: Support | None) -> Support | None:
        """Return the support of a sentence by the judge's verdict, or the local one where there is no verdict."""
        if found is not None and found.score >= CERTAIN_SUPPORT:
            return found
        if not sentences.content(text) or is_refuted(text, hits, question=self._question):
            return found
        doubt = Doubt(text=text, cited=tuple(cited))
        if (verdict := self._verdicts.get(doubt)) is not None:
            return closest_quote(text, cited, hits, self._similarity) if verdict else None
        if self._awaits_judge:
            if self._final is None:
                self._final = self.final_content, self.citations
            self.doubts.append(doubt)
        return found

    def _known_stems(self, hits: Sequence[Hit]) -> frozenset[str]:
        """Return the stems of the content words of the question and of all passages."""
        if self._known[0] != len(hits):
            texts = (f"{hit.record.title} {' '.join(hit.record.headings)} {hit.record.text}" for hit in hits)
            self._known = len(hits), sentences.content(" ".join((self._question, *texts)))
        return self._known[1]

    def _keep(self, text: str, support: Support, hits: Sequence[Hit], *, lead: str) -> None:
        key = (support.position, support.start, support.end)
        if key not in self._cited:
            self._cited[key] = _citation(len(self._cited) + 1, hits[support.position], support)
        self._weakest = min(self._weakest, support.score)
        self._supported += 1
        if self._first_supported is None:
            self._first_supported = True
        for introduction in self._introductions:
            self._content += self._separator + _balanced(introduction)
            self._separator = "\n"
        self._introductions.clear()
        self._dropped_since = False
        language = answer_languages.language_beside(text, "\n".join(hit.record.text for hit in hits))
        if self._answer_word and not yes_no.is_opposite(self._answer_word, text, self._question, language):
            text = f"{self._answer_word} {text}"
        self._answer_word = ""
        if yes_no.opens_with_opposite(text, self._question, language):
            text = yes_no.without_opening(text) or text
        self._content += self._separator + lead + citations.with_mark(_balanced(text), self._cited[key].number)
        self._separator, self._line_kept = " ", True


def _balanced(text: str) -> str:
    """Return a sentence without a mark for bold whose counterpart is in another sentence."""
    return text.replace("**", "") if text.count("**") % 2 else text


def _cited(sentence: Sentence, hits: Sequence[Hit]) -> list[int]:
    """Return the numbers that a sentence cites."""
    return citations.read(citations.without_attribution(sentence.text), hits)[1]


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
