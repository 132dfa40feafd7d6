"""The figures of reports, from the sums by day, channel and language; docs/reports.md defines each."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from worker.reports.cells import COUNTS, DAY_MS, TIMES, Cell, cell_of
from worker.reports.period import Period, day_name
from worker.store.engine import Store
from worker.store.tables import conversation_fact, report_cell

#: Percentiles of times, by nearest rank.
PERCENTILES = (50, 90)

#: The value of a filter for conversations whose channel or language is not known.
UNKNOWN = "none"

#: Lines of the tables by channel and by language.
_MAX_LINES = 20


@dataclass(frozen=True, kw_only=True)
class Which:
    """The conversations of a report: those of one channel and language, where they are given; `none` is not known."""

    channel: str | None = None
    language: str | None = None

    def includes(self, channel: str, language: str) -> bool:
        """Whether a cell of this channel and language, empty where not known, counts."""
        pairs = ((channel, self.channel), (language, self.language))
        return all(asked is None or value == ("" if asked == UNKNOWN else asked) for value, asked in pairs)

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return the conditions on `conversation_fact`."""
        pairs = ((conversation_fact.c.channel, self.channel), (conversation_fact.c.language, self.language))
        return [
            column.is_(None) if value == UNKNOWN else column == value for column, value in pairs if value is not None
        ]


#: All conversations.
ALL = Which()


@dataclass(frozen=True)
class _Placed:
    """A cell with its day, channel and language."""

    day: int
    channel: str
    language: str
    cell: Cell


def summary(store: Store, workspace_id: str, period: Period, which: Which = ALL) -> dict[str, Any]:
    """Return the figures of the conversations that began in a period, beside those of the period before.

    Returns:
        `period` and `period_before` (`since`, `until`); `totals` and `totals_before` with the counts,
        `resolution_rate`, `satisfaction`, `cost_per_resolution_usd`, `first_response_ms` and `resolution_ms` (`p50`,
        `p90`, or None); `days`, oldest first; `handoffs` by reason, `channels` and `languages`, most conversations
        first, each with the same figures and the number of conversations `before`. `channels` and `languages` do not
        depend on their own filter.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    cells = _read(store, workspace_id, period)
    counted = [placed for placed in cells if which.includes(placed.channel, placed.language)]
    first = period.begins_ms // DAY_MS
    now = [placed for placed in counted if placed.day >= first]
    totals, before = _added(now), _added(placed for placed in counted if placed.day < first)
    days = _by(now, lambda placed: day_name(placed.day))
    any_channel, any_language = Which(language=which.language), Which(channel=which.channel)
    return {
        "period": _named(period),
        "period_before": _named(period.before),
        "totals": _figures(totals),
        "totals_before": _figures(before),
        "days": [{"day": day, **_figures(days.get(day, Cell()))} for day in period.names()],
        "handoffs": [
            {"reason": reason, "count": totals.handoffs[reason], "before": before.handoffs[reason]}
            for reason in sorted(
                {**totals.handoffs, **before.handoffs}, key=lambda reason: (-totals.handoffs[reason], reason)
            )
        ],
        "channels": _compared(cells, first, any_channel, lambda placed: placed.channel),
        "languages": _compared(cells, first, any_language, lambda placed: placed.language),
    }


def _read(store: Store, workspace_id: str, period: Period) -> list[_Placed]:
    """Return the cells of a period and the one before."""
    statement = sa.select(report_cell).where(
        report_cell.c.workspace_id == workspace_id,
        report_cell.c.day >= period.before.begins_ms // DAY_MS,
        report_cell.c.day < period.ends_ms // DAY_MS,
    )
    with store.read() as connection:
        rows = connection.execute(statement).mappings().all()
    return [_Placed(row["day"], row["channel"], row["language"], cell_of(row)) for row in rows]


def _by(cells: Iterable[_Placed], key: Callable[[_Placed], str]) -> dict[str, Cell]:
    found: defaultdict[str, Cell] = defaultdict(Cell)
    for placed in cells:
        found[key(placed)].add(placed.cell)
    return found


def _added(cells: Iterable[_Placed]) -> Cell:
    total = Cell()
    for placed in cells:
        total.add(placed.cell)
    return total


def _compared(
    cells: Sequence[_Placed], first: int, which: Which, key: Callable[[_Placed], str]
) -> list[dict[str, Any]]:
    """Return the figures by channel or language, with the conversations before, most conversations first."""
    counted = [placed for placed in cells if which.includes(placed.channel, placed.language)]
    now = _by((placed for placed in counted if placed.day >= first), key)
    before = _by((placed for placed in counted if placed.day < first), key)
    lines = [
        {
            "name": name or None,
            **_figures(now.get(name, Cell())),
            "before": before[name].counts["conversations"] if name in before else 0,
        }
        for name in {**now, **before}
    ]
    return sorted(lines, key=lambda line: (-line["conversations"], -line["before"], line["name"] or ""))[:_MAX_LINES]


def _figures(cell: Cell) -> dict[str, Any]:
    """Return counts with what follows from them; a share of nothing is None."""
    counts = {name: cell.counts[name] for name in COUNTS}
    return {
        **counts,
        "cost_usd": round(cell.cost_usd, 6),
        "resolution_rate": _share(counts["resolved_by_bot"], counts["conversations"]),
        "satisfaction": _share(counts["good"], counts["good"] + counts["bad"]),
        "cost_per_resolution_usd": _share(cell.cost_usd, counts["resolved_by_bot"], digits=6),
        **{name: _percentiles(cell.times[name]) for name in TIMES},
    }


def _share(part: float, whole: int, *, digits: int = 4) -> float | None:
    return round(part / whole, digits) if whole else None


def _percentiles(times: Sequence[int]) -> dict[str, int] | None:
    """Return the percentiles by nearest rank; None of no times."""
    ordered = sorted(times)
    ranks = {percentile: (len(ordered) * percentile + 99) // 100 for percentile in PERCENTILES}
    return {f"p{percentile}": ordered[rank - 1] for percentile, rank in ranks.items()} if ordered else None


def _named(period: Period) -> dict[str, str]:
    return {"since": str(period.first), "until": str(period.last)}
