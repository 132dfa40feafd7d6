"""The days of a report, and those before them."""

import pytest

from worker.errors import Invalid
from worker.reports.period import Period, period_of


def test_a_period_of_a_year_is_allowed_and_a_reversed_one_is_not():
    now_ms = 70_000_000_000_000
    assert period_of(now_ms=now_ms).days == 30
    period = period_of(now_ms=now_ms, days=7)
    assert Period(period.first, period.last).before.last < period.first
    with pytest.raises(Invalid, match="since"):
        period_of(now_ms=now_ms, first=period.last, last=period.first)
