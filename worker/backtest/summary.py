"""The figures of a backtest."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from worker.backtest.past_tickets import BadRow
from worker.backtest.results import Ending, Result

#: Bars of the histogram of closeness.
BINS = 10

#: The quantile of the standard normal distribution for intervals of 95 %.
_Z = 1.959964


def summary(results: Sequence[Result], bad_rows: Sequence[BadRow], *, in_file: int) -> dict[str, Any]:
    """Return counts, shares, the closeness of answers and the cost.

    Args:
        results: the tickets that were answered in shadow.
        bad_rows: the rows that are no tickets.
        in_file: tickets in the file.

    Returns:
        `tickets`, `in_file`, `bad_rows`; `endings` and `handed_off` by reason, and `categories`, most frequent first;
        `answered_share` with its Wilson interval of 95 %, None without any; `closeness`: quartiles and counts of
        ten bins, None where nothing was answered; `cost_usd`, `seconds` and `seconds_per_ticket` (the median).
    """
    endings = Counter(result.ending for result in results)
    handed_off = [result for result in results if result.ending == Ending.HANDED_OFF]
    scores = sorted(result.score for result in results if result.closeness is not None)
    seconds = sorted(result.seconds for result in results)
    return {
        "tickets": len(results),
        "in_file": in_file,
        "bad_rows": len(bad_rows),
        "endings": {ending.value: endings[ending] for ending in Ending},
        "handed_off": dict(Counter(result.reason or "unknown" for result in handed_off).most_common()),
        "categories": dict(Counter(result.category for result in handed_off if result.category).most_common()),
        "answered_share": share(endings[Ending.ANSWERED], len(results)),
        "closeness": _closeness(scores),
        "cost_usd": round(sum(result.cost_usd for result in results), 6),
        "seconds": round(sum(seconds), 1),
        "seconds_per_ticket": _quantile(seconds, 0.5) if seconds else None,
    }


def share(count: int, total: int) -> dict[str, float] | None:
    """Return a share with its interval of 95 % (Wilson 1927), or None of nothing."""
    if not total:
        return None
    rate, z2 = count / total, _Z * _Z
    middle = (rate + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z / (1 + z2 / total) * math.sqrt(rate * (1 - rate) / total + z2 / (4 * total * total))
    return {
        "value": round(rate, 4),
        "low": round(max(0.0, middle - half), 4),
        "high": round(min(1.0, middle + half), 4),
    }


def worst_first(results: Sequence[Result]) -> list[Result]:
    """Return the answers that were compared, the least near to what the human said first."""
    return sorted((result for result in results if result.closeness is not None), key=lambda result: result.score)


def _closeness(scores: Sequence[float]) -> dict[str, Any] | None:
    if not scores:
        return None
    bins = Counter(min(int(score * BINS), BINS - 1) for score in scores)
    return {
        "lower_quartile": _quantile(scores, 0.25),
        "median": _quantile(scores, 0.5),
        "upper_quartile": _quantile(scores, 0.75),
        "bins": [bins[number] for number in range(BINS)],
    }


def _quantile(ordered: Sequence[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 4)
