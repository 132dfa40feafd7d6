"""Answer without a language model: quote the sentences of the passages that answer best, in their own order."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kb import links, sentences
from kb.embedding import Embedder
from kb.search import Hit
from worker.answering.check.answer_languages import written_in
from worker.answering.check.confidence import MIN_CONFIDENCE, AnswerJudge, is_readable, title_of
from worker.answering.drafting import clarifying
from worker.answering.question import Draft, Question, Revoked, TextListener, ignore_text

#: Passages whose sentences are scored; those of the second have to score clearly better.
_MAX_PASSAGES = 2
_MAX_SENTENCES = 4
_MAX_CHARACTERS = 800

#: Beside the best unit, those with at least this share of its score are quoted.
_MIN_SHARE_OF_BEST = 0.8

#: Added to a unit's cosine: the share of the question's words that it has times the first, and the second for a unit of
#: the second passage.
_WORDS_BONUS = 0.3
_LATER_PASSAGE = -0.1

_PAIR = re.compile(r"[^.:!?]{1,60}: \S")
_ENDS = re.compile(r"[.!?:;…)\]”\"'|*]$")


@dataclass(frozen=True, kw_only=True)
class _Part:
    """The quotes for one question, empty where nothing answers it, and the probability that they answer it."""

    text: str
    confidence: float | None = None


@dataclass(frozen=True, kw_only=True)
class _Unit:
    """Lines that are quoted together: a sentence, or a list with the line that introduces it."""

    position: int
    ordinal: int
    paragraph: int
    lines: tuple[str, ...]
    score: float

    def __len__(self) -> int:
        return sum(map(len, self.lines))


class ExtractiveAnswerer:
    """Quotes sentences of the passages; deterministic and offline.

    `judge` tells whether the first passage answers a question, from `min_confidence` on. Without a judge, and in a
    language that it does not read, the passages are quoted whatever they say.
    """

    name = "extractive"
    version = 2

    def __init__(
        self, embedder: Embedder, *, judge: AnswerJudge | None = None, min_confidence: float = MIN_CONFIDENCE
    ) -> None:
        self._embedder = embedder
        self._judge = judge
        self._min_confidence = min_confidence

    def may_find_more(self, _question: Question, /) -> bool:
        """Return False: there are no tools."""
        return False

    def draft(
        self,
        question: Question,
        hits: Sequence[Hit],
        *,
        revoked: Callable[[], bool],
        on_text: TextListener = ignore_text,  # noqa: ARG002 - the draft is written in one step
    ) -> Draft:
        """Return the sentences that answer, in the order of the questions; a draft without text when none does.

        A question that fits several articles gets a question back where the desk wants that.
        """
        if len(question.asks) < 2:
            if question.may_be_clarified(by_default=False):
                clarification = clarifying.between_articles(question, hits)
                if clarification is not None:
                    return Draft(text=None, clarification=clarification)
            asked = question.standalone or question.asked
            part = self._answered(asked, list(enumerate(hits)), question, revoked)
            return Draft(text=part.text or None, confidence=part.confidence)
        positions = {hit.record.passage_id: (position, hit) for position, hit in enumerate(hits)}
        parts = [
            self._answered(ask.query, [positions[id] for id in ask.passages if id in positions], question, revoked)
            if ask.is_relevant
            else _Part(text="")
            for ask in question.asks
        ]
        unanswered = tuple(ask for ask, part in zip(question.asks, parts, strict=True) if not part.text)
        sure = [part.confidence for part in parts if part.text and part.confidence is not None]
        return Draft(
            text="\n\n".join(part.text for part in parts if part.text) or None,
            unanswered=unanswered,
            confidence=min(sure, default=None),
        )

    def _answered(
        self, asked: str, hits: Sequence[tuple[int, Hit]], question: Question, revoked: Callable[[], bool]
    ) -> "_Part":
        """Return the quotes that answer one question; none where the first passage does not.

        Reading the second one as well answers as many questions, and more that have no answer (docs/quality.md).
        """
        if self._judge is None or not hits or not is_readable(asked):
            return _Part(text=self._quoted(asked, hits, question, revoked))
        first, dense = hits[0][1].record, hits[0][1].dense
        cosine = None if dense is None else self._embedder.scale.to_default(dense)
        confidence = self._judge(asked, links.without_addresses(first.text), title_of(first), cosine=cosine)
        if confidence < self._min_confidence:
            return _Part(text="")
        return _Part(text=self._quoted(asked, hits, question, revoked), confidence=confidence)

    def _quoted(
        self, asked: str, hits: Sequence[tuple[int, Hit]], question: Question, revoked: Callable[[], bool]
    ) -> str:
        """Return the sentences that answer one question from passages with their positions, best first."""
        vector = self._embedder.encode_query(asked)
        wanted = sentences.content(asked)
        units: list[_Unit] = []
        for rank, (position, hit) in enumerate(hits[:_MAX_PASSAGES]):
            heading = ""
            for ordinal, (paragraph, lines) in enumerate(_groups(hit.record.text)):
                if revoked():
                    raise Revoked
                if len(lines) == 1 and not _ENDS.search(lines[0]) and not sentences.is_row(lines[0]):
                    heading = lines[0]
                    continue
                # Scored with its heading: "Choose Reset." answers nothing by itself.
                text = links.without_addresses(" ".join((heading or hit.record.title, *lines)))
                words = sentences.content(text)
                if len(words) < 2 or lines[-1].endswith("?"):
                    continue
                cosine = self._embedder.scale.to_default(float(self._embedder.encode_passages([text])[0] @ vector))
                shared = len(wanted & words) / len(wanted) if wanted else 0.0
                later = _LATER_PASSAGE if rank else 0.0
                score = cosine + _WORDS_BONUS * shared + later
                units.append(
                    _Unit(position=position, ordinal=ordinal, paragraph=paragraph, lines=tuple(lines), score=score)
                )
        return _compose(units, most=min(_MAX_SENTENCES, question.voice.max_sentences))


def _groups(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield sentences with their paragraph's number, each by itself, but a list as a whole with its introduction."""
    group: list[str] = []
    paragraph, last_end = 0, 0
    for start, end in sentences.split(text, language=written_in(text)):
        line = text[start:end]
        listed = line.startswith("- ")
        if group and not (listed and (group[-1].startswith("- ") or group[-1].endswith(":"))):
            yield paragraph, group
            group = []
        paragraph += "\n\n" in text[last_end:start]
        last_end = end
        group.append(line)
    if group:
        yield paragraph, group


def _compose(units: Sequence[_Unit], *, most: int = _MAX_SENTENCES) -> str:
    """Put the `most` best units in their own order, each sentence with its passage's number."""
    if not units:
        return ""
    ranked = sorted(units, key=lambda unit: -unit.score)
    best = ranked[0]
    near = [unit for unit in ranked[1:most] if unit.score >= _MIN_SHARE_OF_BEST * best.score]
    # What follows in the paragraph says how, where the best sentence often says only that; but the next row of a
    # table is of something else.
    follows = [
        unit
        for unit in units
        if unit.paragraph == best.paragraph
        and unit.ordinal > best.ordinal
        and not (_is_entry(best.lines[-1]) and _is_entry(unit.lines[0]))
    ]
    chosen, length = [best], len(best)
    for unit in dict.fromkeys((*near, *follows)):
        if unit.position == best.position and length + len(unit) <= _MAX_CHARACTERS and len(chosen) < most:
            chosen.append(unit)
            length += len(unit)
    chosen.sort(key=lambda unit: (unit.position, unit.ordinal))
    lines: list[str] = []
    last = ""
    for unit in chosen:
        for text in unit.lines:
            sentence = f"{text} [{unit.position + 1}]"
            if not lines or _stands_alone(text) or _stands_alone(last) or (_is_entry(text) and _is_entry(last)):
                lines.append(sentence)
            else:
                lines[-1] += " " + sentence
            last = text
    return "\n".join(lines)


def _stands_alone(line: str) -> bool:
    """Whether a line is a list item or a table row."""
    return line.startswith("- ") or sentences.is_row(line)


def _is_entry(line: str) -> bool:
    """Whether a line is a table's row, of two cells too: "Saturday: 10:00 to 14:00."."""
    return sentences.is_row(line) or _PAIR.match(line) is not None
