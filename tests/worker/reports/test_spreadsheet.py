"""A report as CSV has each figure, and no formulas."""

import csv
import io

from worker.reports.cells import Cell
from worker.reports.figures import _figures
from worker.reports.spreadsheet import to_csv


def test_a_name_that_looks_like_a_formula_is_text():
    cell = Cell()
    cell.counts.update(conversations=2, resolved_by_bot=1)
    figures = _figures(cell)
    days = {"since": "2026-11-01", "until": "2026-11-02"}
    report = {"period": days, "period_before": days, "totals": figures, "totals_before": figures, "days": []}
    line = {"name": "=HYPERLINK(1)", **figures, "before": 3}
    text = to_csv({**report, "handoffs": [], "channels": [line], "languages": []})
    lines = list(csv.DictReader(io.StringIO(text)))
    assert lines[2]["name"] == "'=HYPERLINK(1)"
    assert (lines[2]["conversations_before"], lines[2]["resolution_rate"]) == ("3", "0.5")
