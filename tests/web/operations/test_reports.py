"""Reports over the API: the figures of a period, filters, and wrong periods."""

import pytest


def test_a_report_has_the_days_that_are_asked_for(call):
    report = call("GET", "/v1/reports/summary?since=2026-11-01&until=2026-11-07").json
    assert report["period"] == {"since": "2026-11-01", "until": "2026-11-07"}
    assert report["period_before"] == {"since": "2026-10-25", "until": "2026-10-31"}
    assert [day["day"] for day in report["days"]][::6] == ["2026-11-01", "2026-11-07"]


@pytest.mark.parametrize("query", ["since=2026-11-07&until=2026-11-01", "since=x", "since=2020-01-01&until=2026-01-01"])
def test_a_wrong_period_is_refused(call, query):
    assert call("GET", f"/v1/reports/summary?{query}").status_code == 422
