"""The dense index that each size gets: recall@10 against exact search, and time, beside exact search's."""

import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb import sentences
from kb.embedding import OnnxEmbedder
from kb.vectors import VectorIndex, recipe
from worker.launch.up import sample_folder

_SIZES = (10_000, 100_000, 1_000_000)
_MIN_RECALL = {10_000: 0.999, 100_000: 0.95, 1_000_000: 0.90}
_QUERIES, _DEPTH = 200, 10

#: How far a synthetic passage lies from the sentence that it is made from: as far as two passages of one subject do.
_NOISE = 0.75


def run(models: Path) -> dict[str, Any]:
    """Measure on points scattered round the real vectors of the sample's sentences, and queries round them too."""
    embedder = OnnxEmbedder.load(models / "all-MiniLM-L6-v2")
    texts = [file.read_text() for file in sorted(sample_folder().glob("*.md"))]
    said = [text[start:end] for text in texts for start, end in sentences.split(text) if end - start > 30]
    centres = np.stack([embedder.encode(sentence) for sentence in said])
    chance = np.random.default_rng(7)
    queries = _scattered(centres, _QUERIES, chance)
    result: dict[str, Any] = {"lines": []}
    for size in _SIZES:
        vectors = np.concatenate([_scattered(centres, min(100_000, size), chance) for _ in range(-(-size // 100_000))])
        truth = _nearest(vectors, queries)
        began = time.perf_counter()
        index = VectorIndex.build(vectors)
        built_s = time.perf_counter() - began
        found, spent = [], []
        for query in queries:
            began = time.perf_counter()
            found.append({row for row, _score in index.search(query, _DEPTH)})
            spent.append((time.perf_counter() - began) * 1000)
        exact = VectorIndex.build(vectors, exact=True)
        alone = []
        for query in queries[:50]:
            began = time.perf_counter()
            exact.search(query, _DEPTH)
            alone.append((time.perf_counter() - began) * 1000)
        recall = statistics.fmean(len(got & want) / _DEPTH for got, want in zip(found, truth, strict=True))
        p50, exact_p50 = statistics.median(spent), statistics.median(alone)
        result[str(size)] = {
            "recipe": recipe(size),
            "recall": recall,
            "least_recall": _MIN_RECALL[size],
            "p50_ms": p50,
            "exact_p50_ms": exact_p50,
            "build_s": built_s,
        }
        result["lines"].append(
            f"{size:>9,}: {recipe(size):<22} recall@{_DEPTH} {recall:.3f} (at least {_MIN_RECALL[size]}), "
            f"p50 {p50:.2f} ms, exact {exact_p50:.2f} ms; built in {built_s:.1f} s"
        )
    return result


def _scattered(centres: npt.NDArray[np.float32], count: int, chance: np.random.Generator) -> npt.NDArray[np.float32]:
    noise = chance.standard_normal((count, centres.shape[1]), dtype=np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    points = centres[chance.integers(len(centres), size=count)] + _NOISE * noise
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), np.float32)


def _nearest(vectors: npt.NDArray[np.float32], queries: npt.NDArray[np.float32]) -> list[set[int]]:
    nearest = []
    for query in queries:
        scores = vectors @ query
        nearest.append(set(np.argpartition(-scores, _DEPTH)[:_DEPTH].tolist()))
    return nearest
