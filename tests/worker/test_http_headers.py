"""`Retry-After` is read alike by everyone who is asked to wait."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from worker.http_headers import retry_after_s

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 1.5 ", 1.5),
        (format_datetime(datetime.fromtimestamp(NOW + 90, UTC), usegmt=True), 90.0),
        (format_datetime(datetime.fromtimestamp(NOW - 90, UTC), usegmt=True), 0.0),
        ("99999999", 3_600.0),
    ],
)
def test_seconds_and_dates_are_both_read_and_limited(value, seconds):
    assert retry_after_s(value, now=NOW, max_s=3_600.0) == seconds


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "²", "1.2.3", "nan"])
def test_what_cannot_be_read_asks_for_nothing(value):
    assert retry_after_s(value, now=NOW, max_s=3_600.0) is None
