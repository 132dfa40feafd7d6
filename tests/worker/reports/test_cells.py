"""Sums of conversations can be added, stored and read again."""

from worker.reports.cells import Cell, cell_of

ROW = {"handoff_reason": None, "reopened": False, "rating": "good", "cost_usd": 0.01}


def test_a_cell_keeps_every_time_and_adds_up():
    cell = Cell()
    for ms in (9_000, 2**40, 5):
        cell.count({**ROW, "outcome": "resolved_by_bot", "first_response_ms": ms, "resolution_ms": None})
    stored = cell_of(cell.to_row())
    assert list(stored.times["first_response_ms"]) == [5, 9_000, 2**40]
    assert list(stored.times["resolution_ms"]) == []
    stored.add(cell)
    assert (stored.counts["conversations"], stored.counts["good"], stored.counts["bad"]) == (6, 6, 0)
    assert len(stored.times["first_response_ms"]) == 6
