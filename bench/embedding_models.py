"""Compare exported embedding models: quality by language, speed, memory and size, as the table of docs/quality.md.

`python -m bench.embedding_models FOLDER NAME…`: FOLDER has a labelled set for each language, as `answerback eval` reads
it; models are those that `answerback model export NAME` made. Each is measured in a process of its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from kb.embedding import MODEL_FILES, load, precision_of, read_manifest
from worker.answering.drafting.extractive import ExtractiveAnswerer
from worker.answering.questions.gate import Gate
from worker.caching import CachedEmbedder, MemoryCache
from worker.evaluation import languages, suites
from worker.settings import Settings

#: Passages and questions that speed is measured with.
_TIMED = 60


def measure(folder: Path, name: str) -> dict[str, Any]:
    """Return what is measured of one model in this process, whose memory it is charged with."""
    settings = Settings.from_env()
    where = settings.folder_of_model(name)
    before = _peak_mb()
    began = time.perf_counter()
    embedder = load(where, precision=settings.embedding_precision, overrides=settings.embedding_overrides)
    embedder.encode_query("warm")
    loaded = time.perf_counter() - began
    sets = languages.load(folder)
    labels = next(iter(sets.values()))
    queries, passages = list(labels.queries.values())[:_TIMED], list(labels.corpus.values())[:_TIMED]
    per_query = _timed(lambda: [embedder.encode_query(text) for text in queries]) / len(queries)
    per_passage = _timed(lambda: [embedder.encode_passages([text]) for text in passages]) / len(passages)
    memory = _peak_mb() - before
    cached = CachedEmbedder(embedder, MemoryCache("vectors", limit=50_000))
    gate = Gate(coverage=settings.gate_coverage, risk=settings.chosen_gate_risk)
    setup = suites.Setup(embedder=cached, answerer=ExtractiveAnswerer(cached), gate=gate)
    measured = languages.measures(sets, indexed=lambda each: suites.indexed(each, setup), embedder=cached, gate=gate)
    served = precision_of(read_manifest(where), settings.embedding_precision)
    return {
        "model": name,
        "load_s": round(loaded, 2),
        "ms_per_query": round(1000 * per_query, 1),
        "passages_per_s": round(1 / per_passage, 1),
        "memory_mb": round(memory),
        "size_mb": round((where / MODEL_FILES[served]).stat().st_size / 1e6) if served in MODEL_FILES else None,
        "hit@1": {
            each.removesuffix(" hit@1").removeprefix("languages "): found.value
            for each, found in measured.items()
            if each.endswith("hit@1")
        },
    }


def _timed(call: Any) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table(rows: list[dict[str, Any]]) -> str:
    """Return measurements as a table in Markdown."""
    names = list(dict.fromkeys(name for row in rows for name in row["hit@1"]))
    head = ["model", *(f"hit@1 {name}" for name in names), "ms a query", "passages a second", "memory, MB", "file, MB"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        cells = [row["model"], *(f"{row['hit@1'][name]:.3f}" for name in names)]
        cells += [str(row[key]) for key in ("ms_per_query", "passages_per_s", "memory_mb", "size_mb")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.folder, given.models[0])))
        return
    rows = []
    for name in given.models:
        ran = subprocess.run(
            [sys.executable, "-m", "bench.embedding_models", "--one", str(given.folder), name],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        rows.append(json.loads(ran.stdout.splitlines()[-1]))
    print(table(rows))


if __name__ == "__main__":
    main()
