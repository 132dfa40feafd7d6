"""Measures with their confidence intervals, and whether two runs really differ.

Intervals and comparisons are bootstrapped (Efron & Tibshirani 1993): items are drawn again, with replacement, and the
measure taken anew; a comparison draws the same items of both runs.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_DRAWS = 2_000
_LEVEL = 0.95


def mean(values: Values, _group: Values) -> float:
    """Return the mean."""
    return float(values.mean())


def auroc(values: Values, group: Values) -> float:
    """Return the chance that an item of group 1 has a higher value than one of group 0; ties count half."""
    ones, zeros = values[group == 1], np.sort(values[group == 0])
    if not len(ones) or not len(zeros):
        return float("nan")
    below = np.searchsorted(zeros, ones, side="left")
    ties = np.searchsorted(zeros, ones, side="right") - below
    return float((below + ties / 2).mean() / len(zeros))


def refused_at_95(values: Values, group: Values) -> float:
    """Return the share of group 0 below the value that keeps 95 % of group 1."""
    ones, zeros = values[group == 1], values[group == 0]
    if not len(ones) or not len(zeros):
        return float("nan")
    return float((zeros < np.quantile(ones, 0.05)).mean())


_KINDS: dict[str, Callable[[Values, Values], float]] = {"mean": mean, "auroc": auroc, "refused_at_95": refused_at_95}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number over items: `items` has a value for each, `positive` names those of group 1 where there are two.

    `better` is `higher` or `lower`.
    """

    items: Mapping[str, float]
    kind: str = "mean"
    better: str = "higher"
    positive: frozenset[str] = field(default_factory=frozenset)

    @property
    def value(self) -> float:
        """The measure over all items."""
        return self._of(*self._arrays(sorted(self.items)))

    def interval(self) -> tuple[float, float]:
        """Return the ends of the 95 % interval."""
        values, group = self._arrays(sorted(self.items))
        draw = _draws(len(values), group)
        drawn = [self._of(values[rows], group[rows]) for rows in draw]
        low, high = np.nanquantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
        return float(low), float(high)

    def _arrays(self, names: list[str]) -> tuple[Values, Values]:
        return (
            np.array([self.items[name] for name in names], np.float64),
            np.array([name in self.positive for name in names], np.float64),
        )

    def _of(self, values: Values, group: Values) -> float:
        return _KINDS[self.kind](values, group)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        low, high = self.interval()
        return {
            "value": round(self.value, 6),
            "low": round(low, 6),
            "high": round(high, 6),
            "n": len(self.items),
            "kind": self.kind,
            "better": self.better,
            "positive": sorted(self.positive),
            "items": {name: round(value, 6) for name, value in sorted(self.items.items())},
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Measure":
        """Read what `as_dict` returns."""
        return cls(
            items=given["items"], kind=given["kind"], better=given["better"], positive=frozenset(given["positive"])
        )


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How a measure of run B differs from that of A, on the items of both.

    `verdict` is better, worse, same, or missing when B has nothing to compare.
    """

    name: str
    a: float
    b: float
    low: float
    high: float
    n: int
    verdict: str

    @property
    def change(self) -> float:
        """B less A."""
        return self.b - self.a


def compare(name: str, a: Measure, b: Measure) -> Difference | None:
    """Return how two measures differ, or None when they share no item: real when the 95 % interval excludes 0."""
    names = sorted(set(a.items) & set(b.items))
    if not names:
        return None
    mine, group = a._arrays(names)
    theirs, _ = b._arrays(names)
    drawn = [b._of(theirs[rows], group[rows]) - a._of(mine[rows], group[rows]) for rows in _draws(len(names), group)]
    low, high = np.nanquantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    verdict = "same"
    if low > 0 or high < 0:
        verdict = "better" if (low > 0) == (a.better == "higher") else "worse"
    return Difference(
        name=name,
        a=a._of(mine, group),
        b=b._of(theirs, group),
        low=float(low),
        high=float(high),
        n=len(names),
        verdict=verdict,
    )


def _draws(size: int, group: Values) -> list[npt.NDArray[np.int64]]:
    """Return the rows of each draw, as many of each group as there are; the same for the same sizes."""
    generator = np.random.default_rng(zlib.crc32(f"{size}".encode()))
    ones, zeros = np.flatnonzero(group == 1), np.flatnonzero(group == 0)
    return [
        np.concatenate([part[generator.integers(0, len(part), len(part))] for part in (ones, zeros) if len(part)])
        for _ in range(_DRAWS)
    ]
