"""Hybrid search over a snapshot: a dense and a lexical leg, fused by weighted scores."""

import re
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from kb import sentences
from kb.embedding import Embedder
from kb.filters import Filters
from kb.snapshot import Record, Snapshot

#: How many passages each leg brings to the fusion, and the weight of the dense one: docs/quality.md has what was tried.
CANDIDATES = 50
DENSE_WEIGHT = 0.9


#: Passages that share this much of their words say the same; their cosines to a query differ by less than that.
SAME = 0.9
_NEARLY = 0.1
_NUMBER_OR_NAME = re.compile(r"\d+|\b[^\W\d_a-z]\w*")
_MODALS = frozenset("can could may might must should shall will would only before after with above below".split())


#: Added to the cosine of a passage that has all the words of a query.
_WORDS_BONUS = 0.15
_WORDS_ALONE = 0.8


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A passage that was found.

    Attributes:
        score: fused, at most 1; see `fuse`.
        dense: cosine of query and passage, or None when that leg did not find it.
        lexical: BM25 score, or None likewise.
    """

    record: Record
    score: float
    dense: float | None
    lexical: float | None


@dataclass(frozen=True, kw_only=True)
class Found:
    """The outcome of a search: the snapshot it read, if there was one, and passages, best first."""

    snapshot: str | None
    hits: tuple[Hit, ...]


def search(
    query: str,
    *,
    snapshot: Snapshot,
    embedder: Embedder | None,
    limit: int = 8,
    filters: Filters | None = None,
    dense_weight: float = DENSE_WEIGHT,
    pool: Executor | None = None,
) -> Found:
    """Return up to `limit` passages for `query`; with a `pool`, its threads look up words while this one embeds.

    Without an embedder the words alone find passages. Of passages that say the same, the best one is returned.
    """
    if not len(snapshot):
        return Found(snapshot=snapshot.version, hits=())
    if filters is not None and not snapshot.narrowed_by(filters):
        filters = None
    candidates = max(CANDIDATES, 2 * limit)
    beside = pool.submit(snapshot.lexical, query, candidates, filters) if pool is not None else None
    dense = {} if embedder is None else dict(snapshot.dense(embedder.encode(query), candidates, filters))
    lexical = dict(snapshot.lexical(query, candidates, filters) if beside is None else beside.result())
    hits: list[Hit] = []
    for row, score in fuse(dense, lexical, dense_weight=dense_weight):
        hit = Hit(record=snapshot.record(row), score=score, dense=dense.get(row), lexical=lexical.get(row))
        if not any(_same(hit, better) for better in hits):
            hits.append(hit)
        if len(hits) == limit:
            break
    return Found(snapshot=snapshot.version, hits=tuple(hits))


def _same(hit: Hit, other: Hit) -> bool:
    """Whether two passages are near-duplicates for the same audience: most words alike, the decisive ones identical."""
    texts = hit.record.text, other.record.text
    shorter, longer = sorted(map(len, texts))
    if shorter < SAME * longer - 10 or abs((hit.dense or 0.0) - (other.dense or 0.0)) > _NEARLY:
        return False  # cannot be; most pairs end here
    if _shared(*(frozenset(text.split()) for text in texts)) < SAME - 0.3:
        return False  # nor with whatever punctuation; nearly all others end here
    if (hit.record.audience, hit.record.language) != (other.record.audience, other.record.language):
        return False
    first, second = (_decisive(text) for text in texts)
    return first == second and _shared(*(frozenset(sentences.words(text)) for text in texts)) >= SAME


def _decisive(text: str) -> tuple[list[str], list[str]]:
    """Return the tokens in which duplicate passages agree exactly: numbers, names, negations, words of degree."""
    spoken = [word for word in sentences.words(text) if word in sentences.NEGATIONS or word in _MODALS]
    return sorted(_NUMBER_OR_NAME.findall(text)), sorted(spoken)


def _shared(first: frozenset[str], second: frozenset[str]) -> float:
    return len(first & second) / (len(first | second) or 1)


def relevance(query: str, hits: Sequence[Hit]) -> float:
    """Return the relevance of the best passage: its cosine, and a bonus for the share of the query's words that it has.

    Where nothing was embedded, the share alone says so: three words in five are as good as what is answered otherwise.
    """
    wanted = sentences.content(query)
    embedded = any(hit.dense is not None for hit in hits)
    best = 0.0
    for hit in hits:
        if embedded and hit.dense is None:
            continue
        record = hit.record
        known = sentences.content(" ".join((record.title, *record.headings, record.text)))
        share = len(wanted & known) / len(wanted) if wanted else 0.0
        best = max(best, _WORDS_ALONE * share if hit.dense is None else hit.dense + _WORDS_BONUS * share)
    return best


def fuse(
    dense: dict[int, float], lexical: dict[int, float], *, dense_weight: float = DENSE_WEIGHT
) -> list[tuple[int, float]]:
    """Return (row, fused score), best first; ties by row.

    The score is the weighted sum of the cosine, which means the same in every search, and of the BM25 score as a share
    of the best one, which does not. A row that the dense leg did not find gets the cosine of its last one; one that the
    lexical leg did not find gets nothing from it.
    """
    last = min(dense.values(), default=0.0)
    best = max(lexical.values(), default=1.0) or 1.0
    weight = dense_weight if dense else 0.0
    fused = {
        row: weight * dense.get(row, last) + (1 - weight) * lexical.get(row, 0.0) / best for row in {*dense, *lexical}
    }
    return sorted(fused.items(), key=lambda item: (-item[1], item[0]))
