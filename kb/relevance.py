"""How probable it is that a passage has to do with a query: logistic in its cosine and in the words that they share.

What a cosine means depends on the embedding model and on the knowledge base, so the weights are fitted to both when a
snapshot is published (`kb.calibration`). `SHIPPED` stands in for snapshots that have none.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

from kb import sentences

#: An unknown word of a query that is shorter is not taken for a word that was spelt wrongly.
_MIN_MISSPELT = 4

_MAX_LOGIT = 30.0
_MIN_PROBABILITY = 1e-13

#: A calibration is fitted anew when more of the passages that it was fitted on were added or removed.
_MAX_CHANGED_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Maps what is known of a passage to a probability, and shares of answerable questions to the least one of theirs.

    Attributes:
        cosine, words, intercept: weights of the log-odds that the passage has to do with the query, where as many
            queries are in scope as out of it.
        quantiles: (coverage, probability) by growing coverage: so many of the questions that are made from the
            knowledge base have at least this probability.
    """

    cosine: float
    words: float
    intercept: float
    quantiles: tuple[tuple[float, float], ...]

    def probability(self, cosine: float, words: float) -> float:
        """Return the probability for a cosine and the share of the query's words, both 0 to 1."""
        logit = self.cosine * cosine + self.words * words + self.intercept
        return 1.0 / (1.0 + math.exp(-max(-_MAX_LOGIT, min(_MAX_LOGIT, logit))))

    def least(self, coverage: float) -> float:
        """Return the probability that this share of answerable questions reaches, interpolated; 0 for all of them."""
        points = [(0.0, 1.0), *self.quantiles, (1.0, 0.0)]
        for (below, high), (above, low) in pairwise(points):
            if coverage <= above:
                return high + (low - high) * (coverage - below) / (above - below)
        return 0.0


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The scales of a snapshot: of searches with vectors, and of those by words alone.

    `passages` is the number of passages that it was fitted on, and `changed` how many were added and removed since.
    """

    embedded: Scale
    lexical: Scale
    passages: int = 0
    changed: int = 0

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> "Calibration":
        """Return the calibration in the manifest of a snapshot; `SHIPPED` where it has none."""
        kept = manifest.get("calibration")
        if kept is None:
            return SHIPPED
        return cls(
            embedded=_scale(kept["embedded"]),
            lexical=_scale(kept["lexical"]),
            passages=kept["passages"],
            changed=kept["changed"],
        )

    def after(self, changed: int) -> "Calibration":
        """Return the calibration of a snapshot in which so many more passages were added or removed."""
        return replace(self, changed=self.changed + changed)

    @property
    def is_worn(self) -> bool:
        """Whether more has changed since it was fitted than it can be relied on for."""
        return self.changed > _MAX_CHANGED_SHARE * self.passages

    def to_json(self) -> dict[str, Any]:
        """Return the calibration as it is kept in a manifest."""
        return asdict(self)


def _scale(kept: Mapping[str, Any]) -> Scale:
    quantiles = tuple((float(coverage), float(probability)) for coverage, probability in kept["quantiles"])
    return Scale(cosine=kept["cosine"], words=kept["words"], intercept=kept["intercept"], quantiles=quantiles)


#: For snapshots without a calibration, and knowledge bases too small for one: fitted as `kb.calibration` does on the
#: articles of tests/data/drafts, with all-MiniLM-L6-v2.
SHIPPED = Calibration(
    embedded=Scale(
        cosine=12.45,
        words=3.31,
        intercept=-4.03,
        quantiles=((0.8, 0.998), (0.9, 0.919), (0.95, 0.715), (0.98, 0.301), (0.99, 0.146), (0.995, 0.076)),
    ),
    lexical=Scale(
        cosine=0.0,
        words=5.51,
        intercept=-2.7,
        quantiles=((0.8, 0.948), (0.95, 0.434), (0.98, 0.2), (0.99, 0.156), (0.995, 0.117)),
    ),
)


def log_odds(probability: float) -> float:
    """Return the log-odds of a probability, within bounds."""
    bounded = min(max(probability, _MIN_PROBABILITY), 1.0 - _MIN_PROBABILITY)
    return math.log(bounded / (1.0 - bounded))


def shared(wanted: Mapping[str, float], known: Collection[str]) -> float:
    """Return the share of a query's words, by their weights, that a passage has; a word may be spelt a letter wrong."""
    total = sum(wanted.values())
    if not total:
        return 0.0
    found = sum(weight for word, weight in wanted.items() if word in known or _is_misspelt(word, known))
    return found / total


def shared_words(query: str, text: str) -> float:
    """Return the share of a query's content words that a text has, where nothing tells how rare they are."""
    return shared(dict.fromkeys(sentences.content(query), 1.0), sentences.content(text))


def weights(words: Collection[str], rarity: Callable[[str], float | None]) -> dict[str, float]:
    """Return the weight of each word of a query; `rarity` gives None for words that the knowledge base does not have.

    Such a word weighs as much as the rarest. A number that the knowledge base does not have is one of the customer's
    own, of an order or a ticket, and is left out.
    """
    rare = {word: rarity(word) for word in words}
    most = max((weight for weight in rare.values() if weight is not None), default=1.0)
    return {
        word: most if weight is None else weight
        for word, weight in rare.items()
        if weight is not None or not any(map(str.isdigit, word))
    }


def _is_misspelt(word: str, known: Collection[str]) -> bool:
    """Whether a word is one letter more, less or other than a known one, or has two swapped."""
    if len(word) < _MIN_MISSPELT or any(map(str.isdigit, word)):
        return False
    return any(len(other) >= _MIN_MISSPELT and _one_edit(word, other) for other in known)


def _one_edit(first: str, second: str) -> bool:
    if abs(len(first) - len(second)) > 1 or first == second:
        return False
    alike = [a == b for a, b in zip(first, second, strict=False)]
    start = alike.index(False) if False in alike else len(alike)
    first, second = first[start:], second[start:]
    if first[1:] == second[1:] or first[1:] == second or first == second[1:]:
        return True
    return first[:2] == second[1::-1] and first[2:] == second[2:]
