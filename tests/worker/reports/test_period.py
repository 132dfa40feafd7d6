"""The days of a report, and those before them."""

from datetime import date

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


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"last": date(1, 1, 10)}, "until"),
        ({"last": date(1971, 12, 31)}, "until"),
        ({"first": date(1971, 12, 31), "last": date(1972, 1, 2)}, "since"),
        ({"last": date(1972, 1, 10)}, "since"),  # 30 days up to then
        ({"days": 10**12}, "since"),
        ({"first": date(2026, 1, 1), "last": date(9999, 12, 31)}, "since"),
    ],
)
def test_a_period_outside_of_what_reports_have_is_refused(asked, field):
    with pytest.raises(Invalid) as refused:
        period_of(now_ms=70_000_000_000, **asked)
    assert refused.value.field == field
