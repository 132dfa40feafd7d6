"""Times leave in RFC 3339, to the millisecond, whatever the zone of the machine is."""

import pytest

from worker.time import to_rfc3339


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_764_288_000_007, "2025-11-28T00:00:00.007Z"),
        (1_764_288_000_999, "2025-11-28T00:00:00.999Z"),
        (None, None),
    ],
)
def test_a_time_is_written_in_utc(ms, text, monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    assert to_rfc3339(ms) == text
