"""Measures by hand, intervals that hold them, and differences that are real or not."""

import math

import numpy as np
import pytest

from worker.evaluation.measures import Measure, compare


def groups(ones, zeros, kind):
    items = {f"one {n}": value for n, value in enumerate(ones)} | {f"zero {n}": value for n, value in enumerate(zeros)}
    return Measure(items=items, kind=kind, positive=frozenset(name for name in items if name.startswith("one")))


def test_auroc_by_hand():
    assert groups([0.9, 0.8, 0.7, 0.6], [0.7, 0.2], "auroc").value == pytest.approx((2 + 2 + 1.5 + 1) / 8)
    assert math.isnan(groups([0.9], [], "auroc").value)


def test_tnr_at_95_tpr_by_hand():
    # the 5 % quantile of 0.6 … 0.9 is 0.615: of 0.7 and 0.2 one is below
    assert groups([0.9, 0.8, 0.7, 0.6], [0.7, 0.2], "tnr_at_95_tpr").value == 0.5


def test_an_interval_is_about_as_wide_as_it_should_be():
    generator = np.random.default_rng(1)
    measure = Measure(items={str(n): float(value) for n, value in enumerate(generator.normal(0.5, 0.1, 400))})
    low, high = measure.interval()
    assert low < measure.value < high
    assert high - low == pytest.approx(2 * 1.96 * 0.1 / 20, rel=0.2)


def test_a_measure_survives_a_file():
    measure = groups([0.9, 0.8], [0.1], "auroc")
    assert Measure.from_dict(measure.to_dict()) == measure


def run(values, **options):
    return Measure(items={str(n): float(value) for n, value in enumerate(values)}, **options)


def test_a_small_difference_on_every_item_is_real_and_a_large_one_by_chance_is_not():
    generator = np.random.default_rng(2)
    base = generator.random(300)
    assert compare("x", run(base), run(base + 0.01)).verdict == "better"
    assert compare("x", run(base), run(base - 0.01)).verdict == "worse"
    assert compare("x", run(base, better="lower"), run(base - 0.01, better="lower")).verdict == "better"
    assert compare("x", run(base), run(base + generator.normal(0, 0.5, 300))).verdict == "same"
    assert compare("x", run(base), run(base)).verdict == "same"


def test_only_what_both_have_is_compared():
    first = Measure(items={"a": 1.0, "b": 0.0, "c": 1.0})
    second = Measure(items={"b": 1.0, "c": 1.0, "d": 0.0})
    found = compare("x", first, second)
    assert (found.n, found.a, found.b, found.change) == (2, 0.5, 1.0, 0.5)
    assert compare("x", first, Measure(items={"z": 1.0})) is None
