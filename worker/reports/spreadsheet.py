"""A report as CSV, for spreadsheets."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from worker.reports.cells import COUNTS as _COUNTED
from worker.reports.cells import TIMES
from worker.reports.figures import PERCENTILES

_FIGURES = (*_COUNTED, "cost_usd", "resolution_rate", "satisfaction", "cost_per_resolution_usd")
_COLUMNS = (
    *("group", "name", "conversations_before", *_FIGURES),
    *(f"{name}_p{percentile}" for name in TIMES for percentile in PERCENTILES),
)


def to_csv(report: Mapping[str, Any]) -> str:
    """Return a report (`figures.summary`) as CSV with one line for each total, day, reason, channel and language.

    What a spreadsheet would take for a formula, such as a channel `=1+1`, begins with an apostrophe.
    """
    written = io.StringIO()
    writer = csv.DictWriter(written, _COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(_lines(report))
    return written.getvalue()


def _lines(report: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, period in (("totals", "period"), ("totals_before", "period_before")):
        days = report[period]
        yield _line(name, f"{days['since']} to {days['until']}", report[name])
    for day in report["days"]:
        yield _line("day", day["day"], day)
    for handoff in report["handoffs"]:
        counted = {"conversations": handoff["count"], "conversations_before": handoff["before"]}
        yield {"group": "handoff", "name": handoff["reason"], **counted}
    for group in ("channel", "language"):
        for line in report[f"{group}s"]:
            yield _line(group, line["name"] or "", line) | {"conversations_before": line["before"]}


def _line(group: str, name: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    line = {"group": group, "name": _without_formula(name)}
    line |= {column: "" if figures[column] is None else figures[column] for column in _FIGURES}
    for time in TIMES:
        line |= {f"{time}_{percentile}": ms for percentile, ms in (figures.get(time) or {}).items()}
    return line


def _without_formula(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
