"""The days of a report, and those of the same number before them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from worker.errors import Invalid

_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1)

#: Days of a report, where nobody says otherwise, and at most.
DEFAULT_DAYS = 30
MAX_DAYS = 366

#: The first day that a period has; those of the same number before it are in 1970 or later.
_EARLIEST = date(1972, 1, 1)


@dataclass(frozen=True)
class Period:
    """Days in UTC, from the `first` to the `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def begins_ms(self) -> int:
        """When the first day begins, in ms since 1970."""
        return (self.first - _EPOCH).days * _DAY_MS

    @property
    def ends_ms(self) -> int:
        """When the last day ends, in ms since 1970; itself not included."""
        return self.begins_ms + self.days * _DAY_MS

    @property
    def before(self) -> "Period":
        """The same number of days before this period."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def names(self) -> list[str]:
        """Return its days, oldest first, such as `2026-11-30`."""
        return [str(self.first + timedelta(days=number)) for number in range(self.days)]


def period_of(*, now_ms: int, first: date | None = None, last: date | None = None, days: int | None = None) -> Period:
    """Return the period of a report: from `first` to `last`, or so many days up to `last` or today.

    Raises:
        Invalid: it begins before 1972, ends before it begins, or has more days than reports have.
    """
    last = last or datetime.fromtimestamp(now_ms / 1_000, UTC).date()
    if last < _EARLIEST:
        raise Invalid("Must be in 1972 or later.", field="until")
    if first is None:
        first = last - timedelta(days=min(days or DEFAULT_DAYS, MAX_DAYS + 1) - 1)
    if last < first:
        raise Invalid("Must not be before `since`.", field="until")
    if (last - first).days >= MAX_DAYS:
        raise Invalid(f"A report has at most {MAX_DAYS} days.", field="since")
    if first < _EARLIEST:
        raise Invalid("Must be in 1972 or later.", field="since")
    return Period(first, last)


def day_name(number: int) -> str:
    """Return the day with this number since 1970, such as `2026-11-30`."""
    return str(_EPOCH + timedelta(days=number))
