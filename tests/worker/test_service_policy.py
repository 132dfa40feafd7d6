"""Targets are read as a desk writes them."""

import pytest

from worker.service_policy import Policy, ServiceTarget, parse_target
from worker.states import Priority

MINUTE = 60_000


@pytest.mark.parametrize(
    ("text", "minutes"), [("urgent=30m", 30), ("high=2h", 120), ("normal=8h30m", 510), (" Normal = 90m", 90)]
)
def test_a_target_has_a_priority_and_a_time(text, minutes):
    priority, ms = parse_target(text)
    assert priority == Priority(text.partition("=")[0].strip().lower())
    assert ms == minutes * MINUTE


@pytest.mark.parametrize("text", ["urgent", "urgent=", "urgent=0m", "low=1h", "high=1d", "high=30", "high=-1h"])
def test_what_is_no_target_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the parser of settings says what is expected
        parse_target(text)


def test_policies_that_differ_are_told_apart_and_one_without_targets_is_none():
    first = Policy.of(["normal=1h"], [], [])
    assert first.targets == {(ServiceTarget.FIRST_RESPONSE, Priority.NORMAL): 60 * MINUTE}
    assert first.digest != Policy.of([], ["normal=1h"], []).digest
    closed = [f"{year}-12-{day}" for year in range(2026, 2060) for day in (24, 25, 26, 27, 28, 29, 30, 31)]
    hours = ["UTC", "mon 09:00-17:00", *closed]
    longer = Policy.of(["normal=1h"], [], hours)
    assert longer.digest != Policy.of(["normal=1h"], [], [*hours, "2060-01-01"]).digest
    assert Policy.of([], [], ["UTC", "mon 09:00-17:00"]).digest == ""
