"""The page of results shows every measure, and tells a loss and a missing measure from the same."""

import math

from worker.evaluation import report
from worker.evaluation.measures import Measure


def results(**values: dict[str, float]) -> dict[str, object]:
    """Return results in the form of a file of them."""
    measures = {name: Measure(items=items).to_dict() for name, items in values.items()}
    return {"about": {"folder": "<my> set"}, "measures": measures, "curves": {}}


def items(value: float, count: int = 40) -> dict[str, float]:
    return {str(number): value for number in range(count)}


def test_a_loss_on_the_same_items_is_worse_and_no_change_is_the_same():
    found = report.differences(
        results(recall=items(1.0), precision=items(0.5)), results(recall=items(0.0), precision=items(0.5))
    )
    assert [(each.name, each.verdict) for each in found] == [("recall", "worse"), ("precision", "same")]


def test_a_measure_that_is_gone_or_has_lost_most_of_its_items_is_missing():
    before = results(recall=items(1.0), precision=items(1.0))
    found = report.differences(before, results(recall=items(1.0, count=10)))
    assert [each.verdict for each in found] == ["missing", "missing"]
    assert all(math.isnan(each.b) for each in found)


def test_the_page_names_its_set_without_its_markup_and_shows_what_changed():
    before, now = results(recall=items(1.0)), results(recall=items(0.0))
    page = report.page(now, differences=report.differences(before, now), baseline="last week")
    assert "&lt;my&gt; set" in page
    assert "<my>" not in page
    assert "Against last week" in page
    assert 'class="worse">worse' in page
