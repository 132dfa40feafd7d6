"""Fit what a relevance means to a knowledge base and an embedding model, when a snapshot is published.

Questions that the knowledge base answers are made from its own passages: titles, parts of sentences, a few of their
words, and whole sentences that must be found elsewhere than in their own passage. Those that it does not answer come
with the product (kb/out_of_scope). What both find is what a logistic regression tells apart (docs/decisions/0039).
"""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kb import sentences
from kb.embedding import Embedder, Vector
from kb.out_of_scope_questions import by_language
from kb.records import Record
from kb.relevance import SHIPPED, Calibration, Scale
from kb.search import search
from kb.snapshot import Snapshot

#: Passages that questions are made from, and questions that are made at most: four of a sentence.
_MAX_PASSAGES = 40
_MAX_MADE = 160

#: With fewer, a knowledge base is too small to be fitted to.
_MIN_MADE = 20

#: Questions out of scope that are compared.
_MAX_OUT = 160

#: A language is one of the knowledge base when it has this share of the passages that are looked at.
_MIN_LANGUAGE_SHARE = 0.1
_LOOKED_AT = 200

#: Passages that each question finds.
_LIMIT = 5

#: Strength of the ridge on weights of standardised features, and steps of Newton's method, which needs about six.
_RIDGE = 1.0
_STEPS = 25

#: Shares of answerable questions whose least probability is kept.
_COVERAGES = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)

#: How many times as many of the questions made fall below a relevance as of those that customers ask. Measured on
#: seven labelled sets: docs/quality.md.
_HARDER = 4.0

_Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _Made:
    """A question made from a passage, which may have to be found elsewhere than in that passage."""

    text: str
    held_out: str | None = None


class Calibrator:
    """Fits calibrations for one embedding model. Safe to share between threads; it uses so many itself."""

    def __init__(self, embedder: Embedder, *, threads: int = 1) -> None:
        self._embedder = _Remembering(embedder)
        self._threads = threads

    def __call__(self, snapshot: Snapshot) -> Calibration:
        """Return the calibration of a snapshot of this model; `SHIPPED` where the snapshot is too small for its own.

        The same snapshot gives the same calibration. It takes some 300 searches for short texts, whatever its size.
        """
        made = list(_made(snapshot))
        if len(made) < _MIN_MADE:
            return SHIPPED
        out = [_Made(text=text) for text in _out_of_scope(_languages(snapshot))]
        with ThreadPoolExecutor(self._threads, thread_name_prefix="calibrate") as pool:
            found = np.array(list(pool.map(lambda asked: _evidence(asked, snapshot, self._embedder), [*made, *out])))
        answerable = np.arange(len(found)) < len(made)
        return Calibration(
            embedded=_scale(found[:, :2], answerable),
            lexical=_scale(found[:, 2:], answerable),
            passages=len(snapshot),
        )


class _Remembering:
    """An embedder that keeps the vectors of some texts: every calibration compares with the same questions."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, Vector] = {}
        self._kept: frozenset[str] = frozenset(text for texts in by_language().values() for text in texts)
        self.identity, self.dimensions, self.max_tokens = embedder.identity, embedder.dimensions, embedder.max_tokens
        self.scale = embedder.scale
        self.count_tokens, self.encode = embedder.count_tokens, embedder.encode
        self.encode_passages = embedder.encode_passages

    def encode_query(self, text: str) -> Vector:
        """Return the vector of a query, float32 [dimensions]."""
        vector = self._vectors.get(text)
        if vector is None:
            vector = self._embedder.encode_query(text)
            if text in self._kept:
                self._vectors[text] = vector
        return vector


def _evidence(asked: _Made, snapshot: Snapshot, embedder: Embedder) -> tuple[float, float, float]:
    """Return cosine and share of words of the passage that is nearest to a question, and the largest share of any."""
    found = search(asked.text, snapshot=snapshot, embedder=embedder, limit=_LIMIT).hits
    hits = [hit for hit in found if hit.record.passage_id != asked.held_out]
    if not hits:
        return 0.0, 0.0, 0.0
    nearest = max(hits, key=lambda hit: (hit.dense or 0.0, hit.words))
    return nearest.dense or 0.0, nearest.words, max(hit.words for hit in hits)


# -- questions --------------------------------------------------------------------------------------------------------


def _made(snapshot: Snapshot) -> Iterator[_Made]:
    """Yield questions made from passages that are spread over the snapshot, and of few from several sentences."""
    chance = random.Random(len(snapshot))  # noqa: S311
    rows = chance.sample(range(len(snapshot)), min(len(snapshot), _MAX_PASSAGES))
    records = [snapshot.record(row) for row in rows]
    left = [(record, _sentences(record, chance)) for record in records]
    yield from (_Made(text=record.title) for record in records if record.title)
    count = len(records)
    while any(texts for _record, texts in left):
        for record, texts in left:
            if texts:
                for asked in _of_sentence(texts.pop(), record, chance):
                    count += 1
                    yield asked
                    if count >= _MAX_MADE:
                        return


def _sentences(record: Record, chance: random.Random) -> list[str]:
    """Return the sentences of a passage that are long enough to ask something, shuffled."""
    found = [record.text[start:end] for start, end in sentences.split(record.text)]
    texts = [text for text in found if len(text) >= _MIN_CHARACTERS]
    chance.shuffle(texts)
    return texts


_MIN_CHARACTERS = 16


def _of_sentence(sentence: str, record: Record, chance: random.Random) -> Iterator[_Made]:
    """Yield a part of a sentence, a third of its words, and the whole of it to be found elsewhere."""
    pieces = sentence.split()
    glue = " "
    if len(pieces) < _MIN_PIECES:  # a script without spaces
        pieces, glue = list(sentence), ""
    half, third = max(3, len(pieces) // 2), max(2, len(pieces) // 3)
    start = chance.randrange(len(pieces) - half + 1)
    yield _Made(text=glue.join(pieces[start : start + half]))
    if glue:
        yield _Made(text=glue.join(pieces[n] for n in sorted(chance.sample(range(len(pieces)), third))))
    yield _Made(text=sentence, held_out=record.passage_id)


_MIN_PIECES = 4


def _languages(snapshot: Snapshot) -> frozenset[str]:
    """Return the languages of a snapshot; English where none is known."""
    step = max(1, len(snapshot) // _LOOKED_AT)
    looked_at = [snapshot.record(row).language or "en" for row in range(0, len(snapshot), step)]
    return frozenset(
        language for language, count in Counter(looked_at).items() if count >= _MIN_LANGUAGE_SHARE * len(looked_at)
    )


def _out_of_scope(languages: frozenset[str]) -> list[str]:
    """Return questions out of scope in these languages; in all that there are, for those that have none."""
    kept = by_language()
    known = languages & kept.keys()
    texts = [text for language in sorted(known or kept) for text in kept[language]]
    step = max(1, -(-len(texts) // _MAX_OUT))
    return texts[::step]


# -- regression -------------------------------------------------------------------------------------------------------


def _scale(found: _Numbers, answerable: npt.NDArray[np.bool_]) -> Scale:
    """Return the scale that tells answerable questions from others by [cosine, words], or by [words] alone.

    What relevance would fall with is left out.
    """
    used = list(range(found.shape[1]))
    while True:
        slopes, intercept = _logistic(found[:, used], answerable)
        if (slopes >= 0).all() or len(used) == 1:
            break
        used.remove(used[int(slopes.argmin())])
    weights = np.zeros(found.shape[1])
    weights[used] = np.maximum(slopes, 0.0)
    *cosine, words = weights.tolist()
    scale = Scale(cosine=cosine[0] if cosine else 0.0, words=words, intercept=intercept, quantiles=())
    reached = [scale.probability(row[0], row[-1]) for row in found[answerable].tolist()]
    least = np.quantile(reached, [_HARDER * (1.0 - coverage) for coverage in _COVERAGES]).tolist()
    return replace(scale, quantiles=tuple(zip(_COVERAGES, least, strict=True)))


def _logistic(features: _Numbers, positive: npt.NDArray[np.bool_]) -> tuple[_Numbers, float]:
    """Return slopes and intercept of a ridge logistic regression in which both classes weigh the same."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    design = np.column_stack([(features - mean) / spread, np.ones(len(features))])
    count = len(features) / 2
    weight = np.where(positive, count / max(1, positive.sum()), count / max(1, (~positive).sum()))
    ridge = np.diag([_RIDGE] * features.shape[1] + [0.0])
    solution = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        expected = 1.0 / (1.0 + np.exp(-design @ solution))
        gradient = design.T @ (weight * (positive - expected)) - ridge @ solution
        curvature = (design.T * (weight * expected * (1.0 - expected))) @ design + ridge
        step = np.linalg.solve(curvature, gradient)
        solution += step
        if float(np.abs(step).max()) < 1e-9:
            break
    slopes = solution[:-1] / spread
    return slopes, float(solution[-1] - slopes @ mean)
