"""The figures that a manager reads."""

import pytest

from worker.backtest.past_tickets import BadRow
from worker.backtest.results import Ending, Result
from worker.backtest.summary import share, summary, worst_first


def result(number, ending=Ending.ANSWERED, score=None, **more):
    closeness = None if score is None else {"score": score, "cosine": score, "explanation": f"similarity {score}"}
    return Result(
        number=number, location=f"line {number}", question="q", human="h", ending=ending, closeness=closeness, **more
    )


RESULTS = [
    result(0, score=0.9, answer="a", cost_usd=0.01, seconds=2.0),
    result(1, score=0.2, answer="a", seconds=4.0),
    result(2, Ending.HANDED_OFF, reason="no_answer"),
    result(3, Ending.HANDED_OFF, reason="rule", category="legal"),
    result(4, Ending.HANDED_OFF, reason="no_answer"),
]


def test_counts_shares_and_closeness_are_those_of_the_tickets():
    figures = summary(RESULTS, [BadRow(location="line 9", reason="x")], in_file=7)
    assert figures["endings"]["answered"] == 2
    assert figures["handed_off"] == {"no_answer": 2, "rule": 1}
    assert figures["categories"] == {"legal": 1}
    assert (figures["tickets"], figures["in_file"], figures["bad_rows"]) == (5, 7, 1)
    assert figures["closeness"]["bins"] == [0, 0, 1, 0, 0, 0, 0, 0, 0, 1]
    assert figures["cost_usd"] == 0.01
    assert [one.number for one in worst_first(RESULTS)] == [1, 0]


def test_the_interval_is_wilsons():
    assert share(8, 10) == {
        "value": 0.8,
        "low": pytest.approx(0.4902, abs=1e-4),
        "high": pytest.approx(0.9433, abs=1e-4),
    }
    assert share(0, 0) is None
    assert share(0, 10)["low"] == 0.0


def test_nothing_done_has_figures_too():
    figures = summary([], [], in_file=3)
    assert (figures["answered_share"], figures["closeness"], figures["seconds_per_ticket"]) == (None, None, None)
