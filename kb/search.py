"""Hybrid search over a snapshot: a dense and a lexical leg, fused by weighted scores."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cache

from kb import parts, sentences
from kb.embedding import Embedder
from kb.filters import Filters
from kb.records import Record
from kb.relevance import SHIPPED, Scale, shared
from kb.snapshot import Snapshot

#: How many passages each leg brings to the fusion, and the weight of the dense one: docs/quality.md has what was tried.
CANDIDATES = 50
DENSE_WEIGHT = 0.9

#: In a part of a long query, where BM25 counts as a share of what is attainable: small talk has a best passage too.
_DENSE_WEIGHT_OF_PART = 0.72


#: Passages that share this much of their words say the same; their cosines to a query differ by less than that.
SAME = 0.9
_NEARLY = 0.1
_NUMBER_OR_NAME = re.compile(r"\d+|\b[^\W\d_a-z]\w*")
_MODALS = frozenset("can could may might must should shall will would only before after with above below".split())


#: What finds a passage in a part of a long query counts less the further down it stands: 0.9 of it second, 0.7 tenth.
_RANK_DISCOUNT = 0.15

#: The rest is the weight of its parts.
_WHOLE_WEIGHT = 0.35

#: Gives the words of a query, as the index has those of passages in a language, with their weights.
_WeightedTerms = Callable[[str, str | None], Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A passage that was found.

    Attributes:
        score: fused, at most 1; see `fuse`.
        dense: cosine of query and passage as the default model would give it (`kb.encoding.SimilarityScale`), or None
            when that leg did not find it.
        lexical: BM25 score, or None likewise.
        words: share of the query's words, by their weights, that the passage has.
        relevance: probability that the passage has to do with the query; see `kb.relevance`.
        part: the part of a long query that found it, and that `dense` and `lexical` are of; empty for a short one.
    """

    record: Record
    score: float
    dense: float | None
    lexical: float | None
    words: float = 0.0
    relevance: float = 0.0
    part: str = ""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The outcome of a search: the snapshot it read, if there was one, and passages, best first.

    `scale` is what their relevance was measured with.
    """

    snapshot: str | None
    hits: tuple[Hit, ...]
    scale: Scale = SHIPPED.embedded

    @property
    def relevance(self) -> float:
        """The probability that the most relevant passage has to do with the query; 0 without passages."""
        return max((hit.relevance for hit in self.hits), default=0.0)


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
    Misspelt words are searched for as the knowledge base spells them. A long query is searched for in parts, and a
    passage has the score of the part that it fits best.
    """
    if not len(snapshot):
        return Found(snapshot=snapshot.version, hits=())
    if filters is not None and not snapshot.narrowed_by(filters):
        filters = None
    query = snapshot.spelled(query, is_word=_whole_words(embedder))
    searcher = _Searcher(
        snapshot=snapshot,
        embedder=embedder,
        filters=filters,
        candidates=max(CANDIDATES, 2 * limit),
        dense_weight=dense_weight,
    )
    several = parts.of(query)
    ranked = searcher.in_parts(query, several, pool) if several else searcher.whole(query, pool)
    scale = snapshot.calibration.lexical if embedder is None else snapshot.calibration.embedded
    weighted_terms = cache(snapshot.weighted_terms)
    hits: list[Hit] = []
    for found in ranked:
        hit = _hit(found, weighted_terms, snapshot=snapshot, scale=scale, by_words=embedder is None)
        if not any(_same(hit, better) for better in hits):
            hits.append(hit if several else replace(hit, part=""))
        if len(hits) == limit:
            break
    return Found(snapshot=snapshot.version, hits=tuple(hits), scale=scale)


def _hit(found: "_Ranked", weighted_terms: _WeightedTerms, *, snapshot: Snapshot, scale: Scale, by_words: bool) -> Hit:
    """Return a row as a hit, with its relevance to the part of the query that it was found for."""
    record = snapshot.record(found.row)
    known = snapshot.terms(" ".join((record.title, *record.headings, record.text)), record.language)
    words = shared(weighted_terms(found.part, record.language), known)
    # What words alone found beside vectors has no cosine that could be weighed.
    weighable = by_words or found.dense is not None
    return Hit(
        record=record,
        score=found.score,
        dense=found.dense,
        lexical=found.lexical,
        part=found.part,
        words=words,
        relevance=scale.probability(found.dense or 0.0, words) if weighable else 0.0,
    )


@dataclass(frozen=True)
class _Ranked:
    """A row with its scores for a query, or for the part of one."""

    row: int
    score: float
    dense: float | None
    lexical: float | None
    part: str


@dataclass(frozen=True, kw_only=True)
class _Searcher:
    """Both legs of the search in one snapshot."""

    snapshot: Snapshot
    embedder: Embedder | None
    filters: Filters | None
    candidates: int
    dense_weight: float

    def whole(self, query: str, pool: Executor | None) -> list[_Ranked]:
        """Return the hits of a query, best first; with a `pool`, words are looked up while this thread embeds."""
        beside = pool.submit(self._lexical, query) if pool is not None else None
        dense = self._dense(query)
        lexical = self._lexical(query) if beside is None else beside.result()
        return _ranked(query, dense, lexical, fuse(dense, lexical, dense_weight=self.dense_weight))

    def in_parts(self, query: str, several: Sequence[str], pool: Executor | None) -> list[_Ranked]:
        """Return the hits of a long query and its parts, best first.

        A row has its score in the part where it is best, less by its rank there, so that the first of each come before
        the tenth of one; and its score for the whole, which says what it is all about.
        """
        each = map if pool is None else pool.map
        whole, *rankings = each(self._part, [query, *several])
        best: dict[int, _Ranked] = {}
        for ranking in rankings:
            for rank, found in enumerate(ranking):
                score = found.score / (1 + rank) ** _RANK_DISCOUNT
                if found.row not in best or score > best[found.row].score:
                    best[found.row] = replace(found, score=score)
        of_whole = {found.row: found for found in whole}
        last, last_of_whole = _last(best.values()), _last(whole)
        mixed = [
            replace(
                found,
                score=(1 - _WHOLE_WEIGHT) * (best[row].score if row in best else last)
                + _WHOLE_WEIGHT * (of_whole[row].score if row in of_whole else last_of_whole),
            )
            for row, found in (of_whole | best).items()
        ]
        return sorted(mixed, key=lambda found: (-found.score, found.row))

    def _dense(self, query: str) -> dict[int, float]:
        if self.embedder is None:
            return {}
        found = self.snapshot.dense(self.embedder.encode_query(query), self.candidates, self.filters)
        return {row: self.embedder.scale.to_default(similarity) for row, similarity in found}

    def _lexical(self, query: str) -> dict[int, float]:
        return dict(self.snapshot.lexical(query, self.candidates, self.filters))

    def _part(self, query: str) -> list[_Ranked]:
        dense, lexical = self._dense(query), self._lexical(query)
        attainable = self.snapshot.attainable(query)
        fused = fuse(dense, lexical, attainable=attainable, dense_weight=_DENSE_WEIGHT_OF_PART)
        return _ranked(query, dense, lexical, fused)


def _ranked(
    query: str, dense: dict[int, float], lexical: dict[int, float], fused: Iterable[tuple[int, float]]
) -> list[_Ranked]:
    return [_Ranked(row, score, dense.get(row), lexical.get(row), query) for row, score in fused]


def _last(found: Iterable[_Ranked]) -> float:
    return min((hit.score for hit in found), default=0.0)


def _whole_words(embedder: Embedder | None) -> Callable[[str], bool]:
    """Return whether a word is in the vocabulary of an embedding model: it is surely spelled right."""
    if embedder is None:
        return lambda _word: False
    return lambda word: embedder.count_tokens(word) <= embedder.count_tokens("") + 1


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


def fuse(
    dense: dict[int, float],
    lexical: dict[int, float],
    *,
    attainable: float = 0.0,
    dense_weight: float = DENSE_WEIGHT,
) -> list[tuple[int, float]]:
    """Return (row, fused score), best first; ties by row.

    The score is the weighted sum of the cosine, which means the same in every search, and of the BM25 score as a share
    of the best one, which does not, or of what is `attainable`, where that is given. A row that the dense leg did not
    find gets the cosine of its last one; one that the lexical leg did not find gets nothing from it.
    """
    last = min(dense.values(), default=0.0)
    most = max(attainable, max(lexical.values(), default=0.0)) or 1.0
    weight = dense_weight if dense else 0.0
    fused = {
        row: weight * dense.get(row, last) + (1 - weight) * lexical.get(row, 0.0) / most for row in {*dense, *lexical}
    }
    return sorted(fused.items(), key=lambda item: (-item[1], item[0]))
