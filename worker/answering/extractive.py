"""Answer without a model: choose the sentences of the passages that answer, in their own order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kb import sentences
from kb.embedding import Embedder
from kb.search import Hit
from worker.answering.question import Draft, Question, Revoked

#: Passages that are read sentence by sentence. Each sentence costs one embedding, about 2 ms.
_READ = 2
_MOST_SENTENCES = 4
_MOST_CHARACTERS = 700

#: A sentence is used when its score is at least this share of the best one's.
_NEAR_BEST = 0.72


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    position: int
    place: int
    text: str
    score: float


class ExtractiveAnswerer:
    """Selects and cites; deterministic, offline."""

    name = "extractive"

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def draft(self, question: Question, hits: Sequence[Hit], *, revoked: Callable[[], bool]) -> Draft:
        """Return the sentences that answer, or no text when none does."""
        vector = self._embedder.encode(question.content)
        asked = sentences.content(question.content)
        candidates: list[_Candidate] = []
        for position, hit in enumerate(hits[:_READ]):
            lead = 0.0 if position == 0 else -0.08
            for place, (start, end) in enumerate(sentences.split(hit.record.text)):
                if revoked():
                    raise Revoked
                text = hit.record.text[start:end]
                words = sentences.content(text)
                if len(words) < 2 or text.endswith("?"):
                    continue
                # Read with its headings: "Choose Reset." answers nothing by itself.
                context = " ".join((*hit.record.headings[-1:], text))
                cosine = float(np.dot(vector, self._embedder.encode(context)))
                shared = len(asked & words) / len(asked) if asked else 0.0
                early = 0.04 if place == 0 else 0.0
                candidates.append(
                    _Candidate(position=position, place=place, text=text, score=cosine + 0.25 * shared + early + lead)
                )
        return Draft(text=_compose(candidates) or None)


def _compose(candidates: Sequence[_Candidate]) -> str:
    """Put the best sentences of the best passage in their own order; steps stay together."""
    if not candidates:
        return ""
    best = max(candidates, key=lambda candidate: candidate.score)
    near = [
        candidate
        for candidate in candidates
        if candidate.score >= _NEAR_BEST * best.score
        and (candidate.position == best.position or candidate.score >= 0.95 * best.score)
    ]
    chosen: list[_Candidate] = []
    length = 0
    for candidate in sorted(near, key=lambda candidate: -candidate.score)[:_MOST_SENTENCES]:
        if chosen and length + len(candidate.text) > _MOST_CHARACTERS:
            continue
        chosen.append(candidate)
        length += len(candidate.text)
    chosen.sort(key=lambda candidate: (candidate.position, candidate.place))
    lines: list[str] = []
    for candidate in chosen:
        sentence = f"{candidate.text} [{candidate.position + 1}]"
        if candidate.text.startswith("- ") or not lines or lines[-1].startswith("- "):
            lines.append(sentence)
        else:
            lines[-1] += " " + sentence
    return "\n".join(lines)
