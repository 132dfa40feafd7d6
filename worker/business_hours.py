"""Business hours: the time that counts towards a target."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_SPAN = re.compile(
    r"(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? +(?P<opens>[012]\d:[0-5]\d)-(?P<closes>[012]\d:[0-5]\d)"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DAY = timedelta(days=1)

#: Days that are looked at for working time; a desk that is closed for longer is never late.
_MAX_DAYS = 2_000

_Minutes = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class BusinessHours:
    """The hours of a week in a time zone, and the dates without any.

    Attributes:
        spans: minutes since midnight of the opening and the closing, by the day of the week (0 is Monday).
        closed: dates on which nobody works.
    """

    zone: ZoneInfo
    spans: Mapping[int, Sequence[_Minutes]]
    closed: frozenset[date] = field(default_factory=frozenset)

    @classmethod
    def parse(cls, items: Sequence[str]) -> "BusinessHours":
        """Return the hours of items: a time zone, then `mon-fri 09:00-17:30` and dates such as `2026-12-25`.

        Hours that end before they begin go on to the next day.

        Raises:
            ValueError: an item has another form, or no day has hours.
        """
        try:
            zone = ZoneInfo(items[0])
        except (ZoneInfoNotFoundError, IndexError, OSError) as error:
            raise ValueError("The first item must be a time zone.") from error
        spans: dict[int, list[_Minutes]] = {}
        closed = set()
        for item in items[1:]:
            if _DATE.fullmatch(item):
                closed.add(date.fromisoformat(item))
                continue
            for day, span in _days_and_spans(item):
                spans.setdefault(day, []).append(span)
        if not spans:
            raise ValueError("No day has hours.")
        return cls(zone=zone, spans={day: _joined(found) for day, found in spans.items()}, closed=frozenset(closed))

    def add(self, start_ms: int, working_ms: int) -> int:
        """Return the time (ms since 1970 UTC) at which so much working time has passed since `start_ms`."""
        left, end = working_ms, start_ms
        for opens, closes in self._from(start_ms):
            if opens + left <= closes:
                return opens + left
            left -= closes - opens
            end = closes
        return end + left

    def between(self, start_ms: int, end_ms: int) -> int:
        """Return the working time (ms) between two times; 0 if the second is not later."""
        worked = 0
        for opens, closes in self._from(start_ms):
            if opens >= end_ms:
                break
            worked += min(closes, end_ms) - opens
        return worked

    def _from(self, start_ms: int) -> Iterator[tuple[int, int]]:
        """Yield the times of opening and closing in order, without overlaps, and without what was before a time."""
        day = datetime.fromtimestamp(start_ms / 1_000, UTC).astimezone(self.zone).date() - _DAY
        last = start_ms
        for _ in range(_MAX_DAYS):
            if day not in self.closed:
                for opens, closes in self.spans.get(day.weekday(), ()):
                    begins, ends = max(self._at(day, opens), last), self._at(day, closes)
                    if ends > begins:  # else a night shift of the day before covers it, or it ended before
                        yield begins, ends
                        last = ends
            day += _DAY

    def _at(self, day: date, minutes: int) -> int:
        """Return a wall-clock time of a day, which may be after its end, in ms since 1970 UTC."""
        at = datetime.combine(day + _DAY * (minutes // 1_440), time(minutes % 1_440 // 60, minutes % 60))
        return int(at.replace(tzinfo=self.zone).timestamp() * 1_000)


class _Always:
    """Hours without an end: all time counts."""

    def add(self, start_ms: int, working_ms: int) -> int:
        return start_ms + working_ms

    def between(self, start_ms: int, end_ms: int) -> int:
        return max(0, end_ms - start_ms)


ALWAYS = _Always()

#: Hours, or all time.
Hours = BusinessHours | _Always


def hours_of(items: Sequence[str]) -> Hours:
    """Return the hours that items stand for, all time for none; raises as `BusinessHours.parse`."""
    return BusinessHours.parse(items) if items else ALWAYS


def _days_and_spans(item: str) -> Iterator[tuple[int, _Minutes]]:
    """Yield the days of an item such as `mon-fri 09:00-17:30`, each with its minutes."""
    found = _SPAN.fullmatch(item.lower())
    if found is None:
        raise ValueError("An item must be days with hours, or a date.")
    first, last = DAYS.index(found["first"]), DAYS.index(found["last"] or found["first"])
    opens, closes = _minutes(found["opens"]), _minutes(found["closes"])
    if closes <= opens:
        closes += 1_440
    for offset in range((last - first) % 7 + 1):
        yield (first + offset) % 7, (opens, closes)


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    total = int(hours) * 60 + int(minutes)
    if total > 1_440:
        raise ValueError("A day has 24 hours.")
    return total


def _joined(spans: Sequence[_Minutes]) -> list[_Minutes]:
    """Return the spans of a day in order, without overlaps."""
    joined: list[_Minutes] = []
    for opens, closes in sorted(spans):
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
        else:
            joined.append((opens, closes))
    return joined
