"""How near an answer is to what a human said: the cosine of their meaning, and the facts that both name.

Facts are numbers with their units, and links. The same words with another number are another answer, which a cosine
does not show.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kb import sentences
from kb.embedding import Embedder, Vector
from worker.answering.check import quantities
from worker.answering.check.quantities import Quantity

#: The share of the facts in the closeness, the rest is the cosine's; docs/quality.md says how it was chosen.
FACTS_SHARE = 0.3

_LINK = re.compile(r"https?://[^\s\])>\"']+|\bwww\.[^\s\])>\"']+")
_CITATION = re.compile(r"\s?\[\d+\]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MAX_FACTS = 12

#: Units that a bare number does not stand for.
_TIMES = {quantities.CLOCK, quantities.HALF_DAY_CLOCK, quantities.DATE, quantities.DAY_OF_YEAR, quantities.AS_WRITTEN}


@dataclass(frozen=True, kw_only=True)
class Closeness:
    """The closeness of an answer to a human reply.

    Attributes:
        score: 0 to 1, from the cosine and the facts.
        cosine: of the vectors of both texts, -1 to 1.
        shared: facts that both name, as the human writes them.
        only_human, only_answer: facts that one of them names.
    """

    score: float
    cosine: float
    shared: tuple[str, ...] = ()
    only_human: tuple[str, ...] = ()
    only_answer: tuple[str, ...] = ()

    @property
    def explanation(self) -> str:
        """The parts of the score, in words."""
        parts = [f"similarity of meaning {self.cosine:.2f}"]
        for label, facts in (
            ("both say", self.shared),
            ("only the human says", self.only_human),
            ("only the answer says", self.only_answer),
        ):
            if facts:
                parts.append(f"{label} {', '.join(facts)}")
        if len(parts) == 1:
            parts.append("neither names a number or a link")
        return "; ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """Return the values for a file."""
        return {
            "score": round(self.score, 4),
            "cosine": round(self.cosine, 4),
            "shared": list(self.shared),
            "only_human": list(self.only_human),
            "only_answer": list(self.only_answer),
            "explanation": self.explanation,
        }


def compare(answer: str, human: str, embedder: Embedder) -> Closeness:
    """Return how near an answer is to what a human said; the marks of citations do not count."""
    answer = _CITATION.sub("", answer)
    cosine = float(_vector(answer, embedder) @ _vector(human, embedder))
    ours, theirs = _facts(answer), _facts(human)
    shared = [fact for fact in theirs if any(_agree(fact, other) for other in ours)]
    only_human = [fact for fact in theirs if fact not in shared]
    only_answer = [fact for fact in ours if not any(_agree(fact, other) for other in theirs)]
    score = max(0.0, min(1.0, cosine))
    named = len(shared) + len(only_human) + len(only_answer)
    if named:
        score = (1 - FACTS_SHARE) * score + FACTS_SHARE * len(shared) / named
    return Closeness(
        score=score,
        cosine=cosine,
        shared=_texts(shared),
        only_human=_texts(only_human),
        only_answer=_texts(only_answer),
    )


def _vector(text: str, embedder: Embedder) -> Vector:
    """Return the unit vector of a text of any length: the middle of the vectors of parts that the model can read."""
    parts: list[str] = []
    for start, end in [*sentences.split(text)] or [(0, len(text))]:
        sentence = text[start:end]
        joined = f"{parts[-1]} {sentence}" if parts else sentence
        if parts and embedder.count_tokens(joined) <= embedder.max_tokens:
            parts[-1] = joined
        else:
            parts.append(sentence)
    summed = np.sum([embedder.encode(part) for part in parts], axis=0)
    vector: Vector = summed / np.float32(max(float(np.linalg.norm(summed)), 1e-12))
    return vector


def _facts(text: str) -> list[Quantity | str]:
    """Return the links and the quantities of a text, each once."""
    links = [_bare(link) for link in _LINK.findall(text)]
    found: list[Quantity | str] = list(dict.fromkeys(links))
    for quantity in quantities.read(text, claimed=True):
        if not any(_agree(quantity, known) for known in found):
            found.append(quantity)
    return found[:_MAX_FACTS]


def _agree(fact: Quantity | str, other: Quantity | str) -> bool:
    if isinstance(fact, str) or isinstance(other, str):
        return fact == other
    if (fact.unit and other.unit) or {fact.unit, other.unit} & _TIMES:
        return fact.unit == other.unit and fact.value == other.value
    return _number(fact) == _number(other)  # "14" and "14 days", or a unit in another language


def _number(quantity: Quantity) -> str:
    """Return the digits of a quantity as they are written, with a point."""
    found = _NUMBER.search(quantity.text)
    return found.group().replace(",", ".") if found is not None else str(quantity.value)


def _bare(link: str) -> str:
    """Return a link as links are compared, without what browsers add."""
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", link.rstrip(".,;:!?*_`").lower()).rstrip("/")


def _texts(facts: Sequence[Quantity | str]) -> tuple[str, ...]:
    return tuple(
        fact if isinstance(fact, str) else _number(fact) if not fact.unit else " ".join(fact.text.split())
        for fact in facts
    )
