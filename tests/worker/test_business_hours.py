"""Working time passes in the hours of a desk, over nights, weekends, closed dates and changes of the clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from worker.business_hours import BusinessHours, hours_of

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = BusinessHours.parse(["Europe/Berlin", "mon-fri 09:00-17:30", "2026-12-25"])
HOUR = 3_600_000


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-30 10:00", 2, "2026-11-30 12:00"),
        ("2026-11-30 16:30", 2, "2026-12-01 10:00"),  # over a night
        ("2026-11-30 06:00", 1, "2026-11-30 10:00"),  # before the desk opens
        ("2026-11-27 17:00", 1, "2026-11-30 09:30"),  # over a weekend
        ("2026-12-24 17:00", 1, "2026-12-28 09:30"),  # over Christmas and the weekend behind it
        ("2026-11-30 09:00", 8.5, "2026-11-30 17:30"),  # until the desk closes, not the next morning
        ("2026-03-27 17:00", 1, "2026-03-30 09:30"),  # over the change to summer time
    ],
)
def test_a_target_is_due_after_so_much_working_time(start, hours, due):
    assert OFFICE.add(at(start), int(hours * HOUR)) == at(due)
    assert OFFICE.between(at(start), at(due)) == hours * HOUR


def test_a_night_shift_belongs_to_the_day_on_which_it_begins():
    nights = hours_of(["America/New_York", "fri 22:00-06:00"])
    zone = ZoneInfo("America/New_York")
    assert nights.add(at("2026-12-05 05:00", zone), HOUR // 2) == at("2026-12-05 05:30", zone)
    assert nights.between(at("2026-12-04 00:00", zone), at("2026-12-06 00:00", zone)) == 8 * HOUR


def test_a_night_in_which_the_clock_changes_has_the_hours_that_pass():
    nights = hours_of(["Europe/Berlin", "sat 22:00-06:00"])
    assert nights.between(at("2026-10-24 00:00"), at("2026-10-26 00:00")) == 9 * HOUR
    assert nights.between(at("2026-03-28 00:00"), at("2026-03-30 00:00")) == 7 * HOUR


def test_spans_that_overlap_count_once():
    twice = hours_of(["UTC", "mon-fri 09:00-12:00", "mon 11:00-13:00"])
    utc = ZoneInfo("UTC")
    assert twice.between(at("2026-11-30 00:00", utc), at("2026-12-01 00:00", utc)) == 4 * HOUR


def test_a_night_shift_that_meets_the_hours_of_the_next_day_counts_once():
    hours = hours_of(["UTC", "fri 22:00-06:00", "sat 05:00-10:00", "sat 09:30-09:45"])
    utc = ZoneInfo("UTC")
    assert hours.between(at("2026-12-04 00:00", utc), at("2026-12-06 00:00", utc)) == 12 * HOUR
    assert hours.between(at("2026-12-05 05:30", utc), at("2026-12-06 00:00", utc)) == 4.5 * HOUR
    assert hours.add(at("2026-12-04 22:00", utc), 12 * HOUR) == at("2026-12-05 10:00", utc)


def test_without_hours_all_time_counts():
    assert hours_of([]).add(5, 7) == 12
    assert hours_of([]).between(12, 5) == 0


@pytest.mark.parametrize(
    "items",
    [
        ["Europe/Berlin"],
        ["Berlin", "mon 09:00-17:00"],
        ["Europe/Berlin", "mon 09:00-25:00"],
        ["Europe/Berlin", "monday 09:00-17:00"],
        ["Europe/Berlin", "mon 9-17"],
        ["Europe/Berlin", "mon 09:00-17:00", "2026-13-01"],
        ["mon 09:00-17:00"],
    ],
)
def test_what_is_no_time_zone_day_or_date_is_refused(items):
    with pytest.raises(ValueError, match=r"zone|hours|day|month"):
        BusinessHours.parse(items)
