"""Measure retrieval on a labelled set: nDCG@10, recall@10, MRR@10 and latency, by leg.

A labelled set is a folder with `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`) and
`qrels.tsv` (query, document, score), as BEIR lays it out.
"""

import csv
import json
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kb import snapshot as snapshots
from kb.embedding import Embedder
from kb.errors import KnowledgeError
from kb.search import DENSE_WEIGHT, fuse

DEPTH = 10
_CANDIDATES = 100

Qrels = Mapping[str, Mapping[str, int]]


class LabelsUnreadable(KnowledgeError):
    """The folder is not a labelled set: it needs corpus.jsonl, queries.jsonl and qrels.tsv."""

    code = "labels_unreadable"


@dataclass(frozen=True, kw_only=True)
class Labels:
    """A labelled set: text by document id, text by query id, and which documents answer which query."""

    corpus: Mapping[str, str]
    queries: Mapping[str, str]
    qrels: Qrels


@dataclass(frozen=True, kw_only=True)
class Score:
    """Means over the queries; `p50_ms` is the median time of one query, embedding included where it is used."""

    ndcg: float
    recall: float
    mrr: float
    p50_ms: float
    queries: int


def load(folder: Path) -> Labels:
    """Read a labelled set; a document's text is its title and text joined by a space, as BEIR does.

    Raises:
        LabelsUnreadable: a file is missing or malformed.
    """
    try:
        corpus = {
            row["_id"]: f"{row.get('title', '')} {row['text']}".strip() for row in _lines(folder / "corpus.jsonl")
        }
        queries = {row["_id"]: row["text"] for row in _lines(folder / "queries.jsonl")}
        qrels: dict[str, dict[str, int]] = {}
        with (folder / "qrels.tsv").open() as file:
            for query, document, score in csv.reader(file, delimiter="\t"):
                if score.lstrip("-").isdigit() and int(score) > 0:
                    qrels.setdefault(query, {})[document] = int(score)
    except (OSError, ValueError, KeyError) as error:
        raise LabelsUnreadable(f"{folder} is not a labelled set: {error}") from None
    if not qrels:
        raise LabelsUnreadable(f"{folder} has no judged queries.")
    return Labels(corpus=corpus, queries={query: queries[query] for query in qrels if query in queries}, qrels=qrels)


def _lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def evaluate(
    labels: Labels,
    embedder: Embedder,
    *,
    dense_weight: float = DENSE_WEIGHT,
    progress: Callable[[int], None] = lambda _done: None,
    threads: int = 2,
) -> dict[str, Score]:
    """Return the scores of the `dense`, `lexical` and `fused` leg; `progress` is told of each embedded document."""
    ids = list(labels.corpus)

    def embed(document: str) -> np.ndarray:
        vector = embedder.encode(labels.corpus[document])
        progress(1)
        return vector

    with ThreadPoolExecutor(threads) as pool:
        vectors = np.stack(list(pool.map(embed, ids)))
    with tempfile.TemporaryDirectory() as folder:
        records = [
            snapshots.Record(
                passage_id=name, document_id=name, title="", url=None, headings=(), anchor="", start=0, end=0, text=""
            )
            for name in ids
        ]
        place = Path(folder) / "snapshot"
        snapshots.write(
            place,
            version="eval",
            model=embedder.identity,
            records=records,
            texts=labels.corpus.values(),
            vectors=vectors,
        )
        opened = snapshots.open_snapshot(place, verify=False)
        assert opened.vectors is not None
        assert opened.lexical is not None
        dense_leg, lexical_leg = opened.vectors, opened.lexical

        def dense(query: str) -> dict[int, float]:
            return dict(dense_leg.search(embedder.encode(query), min(_CANDIDATES, len(ids))))

        def lexical(query: str) -> dict[int, float]:
            return dict(lexical_leg.search(query, _CANDIDATES))

        legs: dict[str, Callable[[str], list[int]]] = {
            "dense": lambda query: _best(dense(query)),
            "lexical": lambda query: _best(lexical(query)),
            "fused": lambda query: [
                row for row, _ in fuse(dense(query), lexical(query), dense_weight=dense_weight)[:DEPTH]
            ],
        }
        return {leg: _score(labels, ids, ranker) for leg, ranker in legs.items()}


def _best(scores: Mapping[int, float]) -> list[int]:
    return sorted(scores, key=lambda row: (-scores[row], row))[:DEPTH]


def _score(labels: Labels, ids: Sequence[str], ranker: Callable[[str], list[int]]) -> Score:
    rows: list[tuple[float, float, float, float]] = []
    for query, text in labels.queries.items():
        began = time.perf_counter()
        ranking = [ids[row] for row in ranker(text)]
        spent = (time.perf_counter() - began) * 1000
        judged = labels.qrels[query]
        rows.append((ndcg(ranking, judged), recall(ranking, judged), reciprocal_rank(ranking, judged), spent))
    columns = list(zip(*rows, strict=True))
    return Score(
        ndcg=statistics.fmean(columns[0]),
        recall=statistics.fmean(columns[1]),
        mrr=statistics.fmean(columns[2]),
        p50_ms=statistics.median(columns[3]),
        queries=len(rows),
    )


def ndcg(ranking: Sequence[str], judged: Mapping[str, int], depth: int = DEPTH) -> float:
    """Return the normalised discounted cumulative gain, linear gain, log2 discount (Järvelin & Kekäläinen 2002)."""
    gained = sum(judged.get(name, 0) / math.log2(place + 2) for place, name in enumerate(ranking[:depth]))
    ideal = sorted(judged.values(), reverse=True)[:depth]
    best = sum(gain / math.log2(place + 2) for place, gain in enumerate(ideal))
    return gained / best if best else 0.0


def recall(ranking: Sequence[str], judged: Mapping[str, int], depth: int = DEPTH) -> float:
    """Return the share of the relevant documents among the first `depth`."""
    return len(set(ranking[:depth]) & set(judged)) / len(judged)


def reciprocal_rank(ranking: Sequence[str], judged: Mapping[str, int], depth: int = DEPTH) -> float:
    """Return 1 / rank of the first relevant document among the first `depth`, or 0."""
    return next((1 / (place + 1) for place, name in enumerate(ranking[:depth]) if name in judged), 0.0)
