"""The page says how many tickets it is about, and of how many."""

from tests.worker.backtest.test_report import ABOUT
from tests.worker.backtest.test_summary import RESULTS
from worker.backtest.page import page
from worker.backtest.summary import summary


def test_a_sample_is_called_one_and_has_its_interval():
    html = " ".join(page(about=ABOUT, figures=summary(RESULTS, [], in_file=70), results=RESULTS, bad_rows=[]).split())
    assert "5 past tickets of past.csv, drawn at random from 70" in html
    assert "12 % to 77 % with 95 % confidence" in html
    whole = page(about=ABOUT, figures=summary(RESULTS, [], in_file=5), results=RESULTS, bad_rows=[])
    assert "at random" not in whole


def test_handoffs_are_listed_by_reason_the_most_frequent_first():
    html = page(about=ABOUT, figures=summary(RESULTS, [], in_file=5), results=RESULTS, bad_rows=[])
    assert html.index('id="no_answer"') < html.index('id="rule"')
    assert "The run stopped after 5 seconds" in page(
        about={**ABOUT, "stopped": "after 5 seconds"},
        figures=summary(RESULTS, [], in_file=5),
        results=RESULTS,
        bad_rows=[],
    )
