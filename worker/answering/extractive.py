"""Answer without a language model: quote the sentences of the passages that answer best, in their own order."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kb import sentences
from kb.embedding import Embedder
from kb.search import Hit
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

_ENDS = re.compile(r"[.!?:;…)\]”\"'|*]$")


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
    """Quotes sentences of the passages; deterministic and offline."""

    name = "extractive"
    version = 1

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

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
        """Return the sentences that answer, or a draft without text when none does."""
        vector = self._embedder.encode(question.content)
        asked = sentences.content(question.content)
        units: list[_Unit] = []
        for position, hit in enumerate(hits[:_MAX_PASSAGES]):
            heading = ""
            for ordinal, (paragraph, lines) in enumerate(_groups(hit.record.text)):
                if revoked():
                    raise Revoked
                if len(lines) == 1 and not _ENDS.search(lines[0]) and " | " not in lines[0]:
                    heading = lines[0]
                    continue
                # Scored with its heading: "Choose Reset." answers nothing by itself.
                text = " ".join((heading or hit.record.title, *lines))
                words = sentences.content(text)
                if len(words) < 2 or lines[-1].endswith("?"):
                    continue
                cosine = float(np.dot(vector, self._embedder.encode(text)))
                shared = len(asked & words) / len(asked) if asked else 0.0
                later = _LATER_PASSAGE if position else 0.0
                score = cosine + _WORDS_BONUS * shared + later
                units.append(
                    _Unit(position=position, ordinal=ordinal, paragraph=paragraph, lines=tuple(lines), score=score)
                )
        return Draft(text=_compose(units) or None)


def _groups(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield sentences with their paragraph's number, each by itself, but a list as a whole with its introduction."""
    group: list[str] = []
    paragraph, last_end = 0, 0
    for start, end in sentences.split(text):
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


def _compose(units: Sequence[_Unit]) -> str:
    """Put the best units in their own order, each sentence with its passage's number."""
    if not units:
        return ""
    ranked = sorted(units, key=lambda unit: -unit.score)
    best = ranked[0]
    near = [unit for unit in ranked[1:_MAX_SENTENCES] if unit.score >= _MIN_SHARE_OF_BEST * best.score]
    # What follows in the paragraph says how, where the best sentence often says only that.
    follows = [unit for unit in units if unit.paragraph == best.paragraph and unit.ordinal > best.ordinal]
    chosen, length = [best], len(best)
    for unit in dict.fromkeys((*near, *follows)):
        if unit.position == best.position and length + len(unit) <= _MAX_CHARACTERS and len(chosen) < _MAX_SENTENCES:
            chosen.append(unit)
            length += len(unit)
    chosen.sort(key=lambda unit: (unit.position, unit.ordinal))
    lines: list[str] = []
    for unit in chosen:
        for text in unit.lines:
            sentence = f"{text} [{unit.position + 1}]"
            if not lines or _stands_alone(text) or _stands_alone(lines[-1]):
                lines.append(sentence)
            else:
                lines[-1] += " " + sentence
    return "\n".join(lines)


def _stands_alone(line: str) -> bool:
    """Whether a line is a list item or a table row."""
    return line.startswith("- ") or " | " in line
