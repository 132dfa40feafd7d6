"""Benchmarks, each a ratio against a baseline measured in the same run: `python -m bench [NAME …]`."""

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import (
    accepting,
    answering,
    delivering,
    faulty,
    growth,
    indexing,
    pages,
    publishing,
    recall,
    scaling,
    searching,
    sources,
    streams,
    turn,
)
from kb import shipped
from worker.telemetry import logs

BENCHES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "accepting": accepting.run,
    "answering": answering.run,
    "turn": turn.run,
    "scaling": scaling.run,
    "faulty": faulty.run,
    "delivering": delivering.run,
    "streams": streams.run,
    "pages": pages.run,
    "growth": growth.run,
    "searching": searching.run,
    "indexing": indexing.run,
    "publishing": publishing.run,
    "recall": recall.run,
    "sources": sources.run,
}


def main() -> None:
    """Run the benchmarks that are named, or all, print them and write them to bench/results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; all without")
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    logs.configure("warning")
    models = shipped.models()
    results: dict[str, Any] = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": platform.processor(),
    }
    for name in options.names or BENCHES:
        print(f"\n{name}", flush=True)
        results[name] = BENCHES[name](models)
        for line in results[name].pop("lines"):
            print(f"  {line}", flush=True)
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    path = folder / f"{results['at'].replace(':', '')}.json"
    path.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\nwritten to {path}")


if __name__ == "__main__":
    main()
