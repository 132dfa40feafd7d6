"""The report on quality covers days up to a year, and counts what became of their messages."""

import pytest

from tests.web.calls import answer_all, submit
from worker.conversations.outcomes import Handoff


def test_outcomes_are_counted_by_day(call, services):
    submit(call)
    answer_all(services)
    submit(call)
    answer_all(services, Handoff(reason="no_answer", summary="S."))
    report = call("GET", "/v1/quality?days=1").json
    (day,) = report["days"]
    assert (day["answered"], day["handed_off"], day["failed"]) == (1, {"no_answer": 1}, 0)
    assert {"curve", "confidence_curve"} <= set(report)


@pytest.mark.parametrize("days", ["0", "367", "all"])
def test_another_span_is_refused(call, days):
    assert call("GET", f"/v1/quality?days={days}").status_code == 422
