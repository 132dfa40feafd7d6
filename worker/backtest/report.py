"""Write the report of a backtest: one HTML page, JSON, and CSV for a spreadsheet."""

import csv
import io
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from worker.backtest.page import page
from worker.backtest.past_tickets import BadRow
from worker.backtest.results import Result
from worker.backtest.summary import worst_first

_COLUMNS = (
    "location",
    "ending",
    "reason",
    "category",
    "closeness",
    "explanation",
    "subject",
    "question",
    "human",
    "answer",
    "sources",
    "why",
    "support",
    "confidence",
    "cost_usd",
    "seconds",
)


def write(
    path: Path,
    *,
    about: Mapping[str, Any],
    figures: Mapping[str, Any],
    results: Sequence[Result],
    bad_rows: Sequence[BadRow],
) -> list[Path]:
    """Write the page to `path`, and JSON and CSV beside it; return the three files."""
    worst = worst_first(results)
    others = [result for result in results if result.closeness is None]
    as_json = {
        "about": dict(about),
        "summary": dict(figures),
        "bad_rows": [{"location": row.location, "reason": row.reason} for row in bad_rows],
        "tickets": [result.to_json() for result in (*worst, *others)],
    }
    texts = {
        path: page(about=about, figures=figures, results=results, bad_rows=bad_rows),
        path.with_suffix(".json"): json.dumps(as_json, ensure_ascii=False, indent=1) + "\n",
        path.with_suffix(".csv"): "\ufeff" + spreadsheet((*worst, *others)),  # or Excel takes it for Windows-1252
    }
    for file, text in texts.items():
        _replace(file, text)
    return list(texts)


def spreadsheet(results: Sequence[Result]) -> str:
    """Return the tickets as CSV, worst answers first.

    A cell that a spreadsheet would take for a formula begins with an apostrophe (OWASP, CSV injection).
    """
    written = io.StringIO()
    writer = csv.DictWriter(written, _COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for result in results:
        closeness = result.closeness or {}
        row = {
            **result.to_json(),
            "closeness": closeness.get("score"),
            "explanation": closeness.get("explanation"),
            "sources": "\n".join(str(source["title"]) for source in result.sources),
        }
        writer.writerow({name: _inert(value) for name, value in row.items()})
    return written.getvalue()


def _inert(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _replace(path: Path, text: str) -> None:
    """Write a file as a whole, so that a reader never sees a part of it; its owner alone may read it."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
