"""Curves of probabilities against what is so: risk against coverage, and reliability."""

import itertools
from collections.abc import Sequence

#: Points (x, y) of a curve, by growing x.
Curve = list[tuple[float, float]]

#: Bins of as many items each, over which the reliability of probabilities is measured.
_BINS = 10


def risk(scored: Sequence[tuple[float, bool]]) -> Curve:
    """Return (share of true ones kept, share of others among those kept), by falling threshold."""
    true = sum(is_so for _, is_so in scored)
    points, kept_true = [], 0
    for kept, (_, is_so) in enumerate(sorted(scored, key=lambda item: -item[0]), 1):
        kept_true += is_so
        if is_so:
            points.append((kept_true / true, (kept - kept_true) / kept))
    return points


def reliability(scored: Sequence[tuple[float, bool]]) -> Curve:
    """Return (mean probability, share of true ones) for each of at most ten bins of as many."""
    ordered = sorted(scored, key=lambda item: item[0])
    bounds = [len(ordered) * number // _BINS for number in range(_BINS + 1)]
    bins = [ordered[start:end] for start, end in itertools.pairwise(bounds) if end > start]
    return [(sum(p for p, _ in part) / len(part), sum(is_so for _, is_so in part) / len(part)) for part in bins]
