"""Sums of conversations by day, channel and language, small enough that a report of a year reads them all."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from sys import byteorder
from typing import Any

import sqlalchemy as sa

from worker.reports.facts import ReportedOutcome
from worker.states import Rating
from worker.store.tables import conversation_fact as fact
from worker.store.tables import report_cell

DAY_MS = 86_400_000

#: What is counted, by name.
COUNTS = ("conversations", *(outcome.value for outcome in ReportedOutcome), "handed_off", "reopened", "good", "bad")

#: What is measured in milliseconds, by name.
TIMES = ("first_response_ms", "resolution_ms")


@dataclass
class Cell:
    """Sums of some conversations: counts by name, handoffs by reason, their cost, and every time, in no order."""

    counts: Counter[str] = field(default_factory=Counter)
    handoffs: Counter[str] = field(default_factory=Counter)
    cost_usd: float = 0.0
    times: dict[str, "array[int]"] = field(default_factory=lambda: {name: array("q") for name in TIMES})

    def add(self, other: "Cell") -> None:
        """Add the sums of other conversations."""
        self.counts.update(other.counts)
        self.handoffs.update(other.handoffs)
        self.cost_usd += other.cost_usd
        for name in TIMES:
            self.times[name].extend(other.times[name])

    def count(self, row: Mapping[Any, Any]) -> None:
        """Count a conversation, a row of `conversation_fact`."""
        flags = {
            row["outcome"]: True,
            "conversations": True,
            "handed_off": row["handoff_reason"] is not None,
            "reopened": row["reopened"],
            "good": row["rating"] == Rating.GOOD,
            "bad": row["rating"] == Rating.BAD,
        }
        self.counts.update(name for name, is_set in flags.items() if is_set)
        if row["handoff_reason"] is not None:
            self.handoffs[row["handoff_reason"]] += 1
        self.cost_usd += row["cost_usd"]
        for name in TIMES:
            if row[name] is not None:
                self.times[name].append(row[name])

    def to_row(self) -> dict[str, Any]:
        """Return the columns of `report_cell` beside its key."""
        times = {name: _packed(self.times[name]) for name in TIMES}
        return {"counts": dict(self.counts), "handoffs": dict(self.handoffs), "cost_usd": self.cost_usd, **times}


def cell_of(row: Mapping[Any, Any]) -> Cell:
    """Return the sums in a row of `report_cell`."""
    return Cell(
        counts=Counter(row["counts"]),
        handoffs=Counter(row["handoffs"]),
        cost_usd=row["cost_usd"],
        times={name: _unpacked(row[name]) for name in TIMES},
    )


def rebuild(tx: sa.Connection, days: Collection[tuple[str, int]]) -> None:
    """Add up the facts of days, each a workspace and a number of days since 1970, anew."""
    for workspace_id, day in sorted(days):
        of_day = (fact.c.started_at >= day * DAY_MS, fact.c.started_at < (day + 1) * DAY_MS)
        facts = tx.execute(sa.select(fact).where(fact.c.workspace_id == workspace_id, *of_day)).mappings()
        key = {"workspace_id": workspace_id, "day": day}
        cells = [
            {**key, "channel": channel, "language": language, **cell.to_row()}
            for (channel, language), cell in _cells(facts).items()
        ]
        tx.execute(report_cell.delete().where(report_cell.c.workspace_id == workspace_id, report_cell.c.day == day))
        if cells:
            tx.execute(report_cell.insert(), cells)


def _cells(facts: Iterable[Mapping[Any, Any]]) -> Mapping[tuple[str, str], Cell]:
    cells: defaultdict[tuple[str, str], Cell] = defaultdict(Cell)
    for row in facts:
        cells[row["channel"] or "", row["language"] or ""].count(row)
    return cells


def _packed(times: "array[int]") -> bytes:
    ordered = array("q", sorted(times))
    if byteorder == "big":
        ordered.byteswap()
    return ordered.tobytes()


def _unpacked(packed: bytes) -> "array[int]":
    times = array("q")
    times.frombytes(packed)
    if byteorder == "big":
        times.byteswap()
    return times
