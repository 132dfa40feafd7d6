import pytest

from worker.evaluation.curves import reliability, risk


def test_risk_grows_with_coverage_where_what_is_false_is_rated_high():
    assert risk([(0.9, True), (0.8, False), (0.7, True), (0.1, False)]) == [(0.5, 0.0), (1.0, 1 / 3)]


def test_reliability_compares_probability_and_share_of_what_is_so():
    curve = reliability([*[(0.2, False)] * 10, *[(0.8, True)] * 10])

    assert curve == [(pytest.approx(0.2), 0.0)] * 5 + [(pytest.approx(0.8), 1.0)] * 5
