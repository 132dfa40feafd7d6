"""Searching a snapshot against embedding the query and asking FAISS alone."""

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from kb import sentences
from kb import snapshot as snapshots
from kb.embedding import OnnxEmbedder
from kb.records import Record
from kb.search import search
from kb.vectors import VectorIndex
from worker.launch.up import sample_folder

_SIZES = (10_000, 100_000)
_MAX_RATIO = 1.25
_ROUNDS = 12
_QUERIES = (
    "How do I reset my password?",
    "where is my parcel, it should have arrived last week",
    "can I exchange shoes for a bigger size?",
    "what does express delivery cost?",
    "my discount code is refused at checkout",
    "how long is a gift card valid?",
    "do I have to pay customs duties for Norway?",
    "when will I get my money back after a return?",
)


def run(models: Path) -> dict[str, Any]:
    """Measure both ways in turns, over snapshots of synthetic passages: real words, random unit vectors."""
    embedder = OnnxEmbedder.load(models / "all-MiniLM-L6-v2")
    pool = ThreadPoolExecutor(2)
    result: dict[str, Any] = {"most_ratio": _MAX_RATIO, "lines": []}
    for size in _SIZES:
        with tempfile.TemporaryDirectory() as folder:
            snapshot = _snapshot(Path(folder) / "snapshot", size, embedder)
            index = VectorIndex.open(Path(folder) / "snapshot" / "vectors.faiss")

            def ours(query: str, snapshot: snapshots.Snapshot = snapshot) -> None:
                search(query, snapshot=snapshot, embedder=embedder, limit=5, pool=pool)

            def bare(query: str, index: Any = index) -> None:
                index.search(embedder.encode_query(query), 5)

            spent, alone = _in_turns(ours, bare)
        ratio = spent / alone
        result[str(size)] = {"p50_ms": spent, "baseline_p50_ms": alone, "ratio": ratio}
        result["lines"].append(
            f"{size:>7,} passages: query to passages p50 {spent:.2f} ms; embedding and FAISS alone {alone:.2f} ms; "
            f"ratio {ratio:.2f} (at most {_MAX_RATIO})"
        )
    return result


def _in_turns(ours: Callable[[str], None], bare: Callable[[str], None]) -> tuple[float, float]:
    spent: dict[Any, list[float]] = {ours: [], bare: []}
    for round_ in range(_ROUNDS):
        for query in _QUERIES:
            for call in (ours, bare) if round_ % 2 else (bare, ours):
                began = time.perf_counter()
                call(query)
                if round_ >= 2:
                    spent[call].append((time.perf_counter() - began) * 1000)
    return statistics.median(spent[ours]), statistics.median(spent[bare])


def _snapshot(folder: Path, size: int, embedder: OnnxEmbedder) -> snapshots.Snapshot:
    words = [word for file in sorted(sample_folder().glob("*.md")) for word in sentences.words(file.read_text())]
    chance = random.Random(7)
    texts = [" ".join(chance.choices(words, k=80)) for _ in range(size)]
    noise = np.random.default_rng(7).standard_normal((size, embedder.dimensions), dtype=np.float32)
    records = [
        Record(
            passage_id=f"psg_{row}",
            document_id=f"doc_{row // 3}",
            title=f"Article {row // 3}",
            url=None,
            headings=("A heading",),
            anchor="a-heading",
            start=0,
            end=len(text),
            text=text,
        )
        for row, text in enumerate(texts)
    ]
    snapshots.write(
        folder,
        version="bench",
        model=embedder.identity,
        new=snapshots.New(records=records, texts=texts, vectors=noise / np.linalg.norm(noise, axis=1, keepdims=True)),
    )
    return snapshots.open_snapshot(folder, verify=False)
