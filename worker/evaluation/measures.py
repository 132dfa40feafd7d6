"""Measures with confidence intervals, and whether two runs differ significantly.

Intervals and comparisons are bootstrapped (Efron & Tibshirani 1993): items are resampled with replacement and the
measure is computed again; a comparison resamples the same items of both runs (paired).
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_RESAMPLES = 2_000
_LEVEL = 0.95


def mean(values: Values, _group: Values) -> float:
    """Return the mean."""
    return float(values.mean())


def auroc(values: Values, group: Values) -> float:
    """Return the area under the ROC curve: P(value of group 1 > value of group 0), ties counting half."""
    ones, zeros = values[group == 1], np.sort(values[group == 0])
    if not len(ones) or not len(zeros):
        return float("nan")
    below = np.searchsorted(zeros, ones, side="left")
    ties = np.searchsorted(zeros, ones, side="right") - below
    return float((below + ties / 2).mean() / len(zeros))


def tnr_at_95_tpr(values: Values, group: Values) -> float:
    """Return the true negative rate at the threshold with a true positive rate of 95 %; group 1 is positive."""
    ones, zeros = values[group == 1], values[group == 0]
    if not len(ones) or not len(zeros):
        return float("nan")
    return float((zeros < np.quantile(ones, 0.05)).mean())


_KINDS: dict[str, Callable[[Values, Values], float]] = {"mean": mean, "auroc": auroc, "tnr_at_95_tpr": tnr_at_95_tpr}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A statistic over items: `items` has the value of each, `positive` the names in group 1, where there are two.

    `kind` is `mean`, `auroc` or `tnr_at_95_tpr`; `better` is `higher` or `lower`.
    """

    items: Mapping[str, float]
    kind: str = "mean"
    better: str = "higher"
    positive: frozenset[str] = field(default_factory=frozenset)

    @property
    def value(self) -> float:
        """The statistic over all items."""
        return self._of(*self._arrays(sorted(self.items)))

    def interval(self) -> tuple[float, float]:
        """Return the lower and upper end of the 95 % confidence interval."""
        values, group = self._arrays(sorted(self.items))
        resamples = _resamples(len(values), group)
        resampled = [self._of(values[rows], group[rows]) for rows in resamples]
        low, high = np.nanquantile(resampled, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
        return float(low), float(high)

    def _arrays(self, names: list[str]) -> tuple[Values, Values]:
        return (
            np.array([self.items[name] for name in names], np.float64),
            np.array([name in self.positive for name in names], np.float64),
        )

    def _of(self, values: Values, group: Values) -> float:
        return _KINDS[self.kind](values, group)

    def to_dict(self) -> dict[str, Any]:
        """Return the measure as JSON, with its interval."""
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
    def from_dict(cls, data: Mapping[str, Any]) -> "Measure":
        """Return the measure that `to_dict` gave as JSON."""
        return cls(items=data["items"], kind=data["kind"], better=data["better"], positive=frozenset(data["positive"]))


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The difference of a measure between runs A and B, on the items of both, with its 95 % confidence interval.

    `verdict` is `better`, `worse`, `same`, or `missing` when B has too few of the items.
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
        """The value of B minus that of A."""
        return self.b - self.a


def compare(name: str, a: Measure, b: Measure) -> Difference | None:
    """Return the difference of two measures, significant when its interval excludes 0; None when they share no item."""
    names = sorted(set(a.items) & set(b.items))
    if not names:
        return None
    a_values, group = a._arrays(names)
    b_values, _ = b._arrays(names)
    resampled = [
        b._of(b_values[rows], group[rows]) - a._of(a_values[rows], group[rows])
        for rows in _resamples(len(names), group)
    ]
    low, high = np.nanquantile(resampled, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    verdict = "same"
    if low > 0 or high < 0:
        verdict = "better" if (low > 0) == (a.better == "higher") else "worse"
    return Difference(
        name=name,
        a=a._of(a_values, group),
        b=b._of(b_values, group),
        low=float(low),
        high=float(high),
        n=len(names),
        verdict=verdict,
    )


def _resamples(size: int, group: Values) -> list[npt.NDArray[np.int64]]:
    """Return the row numbers of each resample, stratified by group; deterministic for a given size."""
    generator = np.random.default_rng(zlib.crc32(f"{size}".encode()))
    ones, zeros = np.flatnonzero(group == 1), np.flatnonzero(group == 0)
    return [
        np.concatenate([part[generator.integers(0, len(part), len(part))] for part in (ones, zeros) if len(part)])
        for _ in range(_RESAMPLES)
    ]
