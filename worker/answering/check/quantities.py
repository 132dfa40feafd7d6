"""Read the quantities of a text: numbers with their units, periods, shares, times of day and dates."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from text_to_num import alpha2digit

#: Units by their spellings: the unit they are compared in, and how many of it they are.
SPELLINGS: dict[str, tuple[str, Decimal]] = {
    spelling: (unit, Decimal(factor))
    for unit, spellings in {
        "second": {"1": "s sec secs second seconds", "60": "min mins minute minutes", "3600": "h hr hrs hour hours",
                   "86400": "day days night nights", "604800": "week weeks"},
        "month": {"1": "month months", "3": "quarter quarters", "12": "year years yr yrs"},
        "working day": {"1": "workday workdays weekday weekdays"},
        "euro": {"1": "€ eur euro euros"}, "dollar": {"1": "$ usd dollar dollars"}, "pound": {"1": "£ gbp"},
        "yen": {"1": "¥ jpy yen"}, "franc": {"1": "chf franc francs"}, "cent": {"1": "ct cent cents"},
        "percent": {"1": "% percent"},
        "gram": {"0.001": "mg", "1": "g gram grams", "1000": "kg kgs kilo kilos kilogram kilograms"},
        "metre": {"0.001": "mm", "0.01": "cm", "1": "m metre metres meter meters",
                  "1000": "km kilometre kilometres kilometer kilometers"},
        "litre": {"0.001": "ml", "1": "l litre litres liter liters"},
        "byte": {"1": "byte bytes", "1000": "kb kilobyte kilobytes", "1000000": "mb megabyte megabytes",
                 "1000000000": "gb gigabyte gigabytes", "1000000000000": "tb terabyte terabytes"},
        "kilowatt hour": {"1": "kwh"}, "watt": {"1": "w watt watts", "1000": "kw"}, "volt": {"1": "v volt volts"},
        "degree": {"1": "° °c degrees"},
    }.items()
    for factor, names in spellings.items()
    for spelling in names.split()
}  # fmt: skip

#: The units that are sums of money.
CURRENCIES = frozenset("euro dollar pound yen franc cent".split())

#: The units of times of day, in minutes since midnight or since noon, and of dates, in days.
CLOCK, HALF_DAY_CLOCK, DATE, DAY_OF_YEAR = "clock", "half-day clock", "date", "day of the year"

#: A date like 03/04/2026 or a version like 2.1.3, which only agrees with itself.
AS_WRITTEN = "as written"

_LINK = re.compile(r"https?://[^\s\])>]+|\bwww\.[^\s\])>]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(
    r"(?<![A-Za-z\d.,])(?P<sign>(?<!\S)[-−])?(?P<before>[€$£¥]|(?:EUR|USD|GBP|CHF|JPY)\b)?\s?"
    r"(?P<value>\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?!\d)|\d+(?:[./-]\d+){2,}|\d{1,2}:\d{2}|\d+(?:[.,]\d+)*)"
    r"(?P<ordinal>st|nd|rd|th)?[ \u00a0\u202f-]?"
    r"(?:(?P<kind>working|business|week(?=[ -]?days?\b)|calendar|full|whole|more|further|consecutive)\b[ -]?)?"
    r"(?P<after>%|[€$£¥]|°C?|[A-Za-z]+)?",
    re.I,
)
_RANGE = re.compile(r"\s*(?:[-–—]|to|or|and|until|up to)\s*", re.I)
_WORKING = ("working", "business", "week")

#: "A two-year guarantee".
_HYPHEN = re.compile(r"(?<=[a-z])-(?=(?:minute|hour|day|week|month|year)s?\b)", re.I)

#: "An hour", "the day before"; in a claim only where it measures: "within a week".
_SINGLE_UNIT = re.compile(
    r"\b(?P<word>an?|one|a single|per|each|every|a full|the (?:next|same|following|previous)|the)\s+"
    r"(?:(?P<kind>working|business|full|whole|calendar|single)\s)?(?P<unit>[a-z]+)\b"
    r"(?P<later>\s+(?:before|after|later|earlier))?",
    re.I,
)
_MEASURES = re.compile(r"\b(?:within|in|after|for|takes|than|under|lasts)\s+$")

_SHARES = {"half": "50", "a fifth": "20", "a quarter": "25", "a third": "33.3", "two thirds": "66.7",
           "three quarters": "75", "nine tenths": "90"}  # fmt: skip
_SHARE = re.compile(rf"\b({'|'.join(_SHARES)})\b", re.I)

#: "Half an hour", "a quarter of an hour", "an hour and a half", "two and a half years".
_PARTS = {"half": "0.5", "half of": "0.5", "a quarter of": "0.25", "quarter of": "0.25", "three quarters of": "0.75"}
_PERIOD = "hour|day|week|month|year"
_PART_OF_PERIOD = re.compile(
    r"\b(?P<part>three quarters of|a quarter of|half of|half|quarter of)[ -](?:an? )?"
    rf"(?P<unit>{_PERIOD})s?\b"
    rf"|\b(?P<whole>an?|one|two|three|\d+) (?P<unit2>{_PERIOD})s? and a half\b"
    rf"|\b(?P<whole2>one|two|three|four|\d+) and a half[ -](?P<unit3>{_PERIOD})s\b",
    re.I,
)
_WHOLES = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4}

_CLOCK = re.compile(
    r"\b(\d{1,2})(?:[:.](\d{2}))?\s?(?:([ap])\.?\s?m\b\.?|(?:h|o'?clock)\b)|\b(\d{1,2}):(\d{2})\b",
    re.I,
)
_CLOCK_RANGE = re.compile(r"\b(\d{1,2})\s?(?:-|–|to|and|until)\s?(?=\d{1,2}(?::\d{2})?\s?([ap])\.?m\b)", re.I)
_HOURS = "one two three four five six seven eight nine ten eleven twelve".split()
_HOUR = rf"(?:{'|'.join(_HOURS)}|1[0-2]|[1-9])"

#: "Half past eight", "by six in the morning", "from nine to six": which half of the day is not told.
_SPOKEN = re.compile(
    rf"\b(?P<past>half past|quarter past) (?P<hour>{_HOUR})\b"
    rf"|\b(?P<hour2>{_HOUR})(?= (?:in the (?:morning|afternoon|evening)|tomorrow morning|o'clock))"
    rf"|(?<=between )(?P<hour3>{_HOUR})(?= and {_HOUR} in the)"
    rf"|(?<=from )(?P<hour4>{_HOUR})(?= (?:to|until|till) {_HOUR}(?!\d|\s?[a-z]))",
    re.I,
)
_NAMED_TIMES = [
    (re.compile(r"\b(?:midday|noon)\b", re.I), "12:00"),
    (re.compile(r"\bmidnight\b|\b24:00\b", re.I), "0:00"),
]

_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = "|".join(f"{name}|{name[:3]}" if name != "may" else name for name in _MONTHS) + "|sept"
_DATE = re.compile(
    rf"\b(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?(?: of)? (?P<month>{_MONTH})"
    rf"|(?P<month2>{_MONTH}) (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?)\b(?:,? (?P<year>\d{{4}}))?",
    re.I,
)
_TWO_DATES = re.compile(rf"\b(\d{{1,2}}) (?:and|or) (\d{{1,2}}) ({_MONTH})\b", re.I)

#: A year that is not told is one without a leap day.
_SOME_YEAR = 2023

#: Nouns whose number only counts what the answer lists: "two ways", "these three steps".
_COUNTED = re.compile(
    r"\s*(?:\w+\s)?(?:ways?|options?|cases?|reasons?|steps?|things?|possibilit(?:y|ies)|conditions?|alternatives?"
    r"|methods?|points?|parts?|rounds?|halves|batches|kinds?|types?|items?|exceptions?|requirements?|situations?|places?"
    r"|of (?:them|these|those))\b",
    re.I,
)
_MAX_COUNTED = 10
_EVERY_DAY = re.compile(r"\s*days (?:a|per) week")

_Reader = Callable[[re.Match[str]], "Quantity | None"]


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A value in a unit of `SPELLINGS`, in one of a time or a date, or in none; and the text that it was read from."""

    value: Decimal
    unit: str
    text: str


@lru_cache(maxsize=500)
def read(text: str, *, claimed: bool = False) -> tuple[Quantity, ...]:
    """Return the quantities of a text.

    In a claim (`claimed`), what only counts or orders is left out: "two ways", "first", "one of them", "a week" where
    it does not measure.
    """
    text = _HYPHEN.sub(" ", _LINK.sub(" ", text))
    text = _TWO_DATES.sub(r"\1 \3 and \2 \3", text)
    found: list[Quantity] = []
    text = _take(text, _DATE, found, _date)
    for pattern, clock in _NAMED_TIMES:
        text = pattern.sub(clock, text)
    text = _take(text, _SPOKEN, found, _spoken)
    text = _CLOCK_RANGE.sub(lambda match: f"{match[1]} {match[2]}m - ", text)
    text = _take(text, _CLOCK, found, _clock)
    text = _take(text, _PART_OF_PERIOD, found, _part_of_period)
    text = _take(text, _SHARE, found, _share)
    found += _ones(text, claimed=claimed)
    found += _numbers(alpha2digit(text, "en", threshold=0), claimed=claimed)
    return tuple(found)


def as_date(quantity: Quantity) -> date:
    """Return the day of a quantity whose unit is DATE or DAY_OF_YEAR; the latter in a year without a leap day."""
    ordinal = int(quantity.value)
    if quantity.unit == DATE:
        return date.fromordinal(ordinal)
    return date.fromordinal(date(_SOME_YEAR, 1, 1).toordinal() + ordinal - 1)


def _take(text: str, pattern: re.Pattern[str], found: list[Quantity], reader: _Reader) -> str:
    """Read what matches a pattern, and return the text without it."""

    def taken(match: re.Match[str]) -> str:
        quantity = reader(match)
        if quantity is None:
            return match[0]
        found.append(quantity)
        return " "

    return pattern.sub(taken, text)


def _date(match: re.Match[str]) -> Quantity | None:
    month = [name[:3] for name in _MONTHS].index((match["month"] or match["month2"]).lower()[:3]) + 1
    try:
        day = date(int(match["year"] or _SOME_YEAR), month, int(match["day"] or match["day2"]))
    except ValueError:
        return None
    if match["year"]:
        return Quantity(value=Decimal(day.toordinal()), unit=DATE, text=match[0])
    return Quantity(value=Decimal(day.timetuple().tm_yday), unit=DAY_OF_YEAR, text=match[0])


def _clock(match: re.Match[str]) -> Quantity | None:
    hour, minute = int(match[1] or match[4]), int(match[2] or match[5] or 0)
    is_duration = match[4] is None and match[3] is None and match[0].lower().endswith("h")  # "5 h"
    if hour > 24 or minute > 59 or is_duration:
        return None
    if match[3]:
        hour = hour % 12 + (12 if match[3].lower() == "p" else 0)
    return Quantity(value=Decimal(hour % 24 * 60 + minute), unit=CLOCK, text=match[0].strip())


def _spoken(match: re.Match[str]) -> Quantity:
    hour = (match["hour"] or match["hour2"] or match["hour3"] or match["hour4"]).lower()
    minutes = 60 * (_HOURS.index(hour) + 1 if hour in _HOURS else int(hour))
    if match["past"]:
        minutes += 30 if match["past"].lower().startswith("half") else 15
    return Quantity(value=Decimal(minutes % 720), unit=HALF_DAY_CLOCK, text=match[0])


def _part_of_period(match: re.Match[str]) -> Quantity:
    unit, factor = SPELLINGS[(match["unit"] or match["unit2"] or match["unit3"]).lower()]
    if match["part"]:
        return Quantity(value=factor * Decimal(_PARTS[match["part"].lower()]), unit=unit, text=match[0])
    whole = (match["whole"] or match["whole2"]).lower()
    value = Decimal(_WHOLES[whole] if whole in _WHOLES else int(whole)) + Decimal("0.5")
    return Quantity(value=value * factor, unit=unit, text=match[0])


def _share(match: re.Match[str]) -> Quantity:
    return Quantity(value=Decimal(_SHARES[match[1].lower()]), unit="percent", text=match[0])


def _ones(text: str, *, claimed: bool) -> Iterator[Quantity]:
    for match in _SINGLE_UNIT.finditer(text):
        unit, factor = SPELLINGS.get(match["unit"].lower(), ("", Decimal(1)))
        if unit not in ("second", "month") or (match["word"].lower() == "the" and not match["later"]):
            continue
        if claimed and not _MEASURES.search(text[: match.start()]):
            continue
        if (match["kind"] or "").lower() in _WORKING:
            unit, factor = "working day", Decimal(1)
        yield Quantity(value=factor, unit=unit, text=match[0])


def _numbers(text: str, *, claimed: bool) -> Iterator[Quantity]:
    matches = list(_NUMBER.finditer(text))
    for index, match in enumerate(matches):
        value = _value(match["value"])
        if value is None:
            yield Quantity(value=Decimal(0), unit=AS_WRITTEN, text=match["value"])
            continue
        value = -value if match["sign"] else value
        unit, factor = _unit(match)
        following = matches[index + 1] if index + 1 < len(matches) else None
        if not unit and following is not None and _RANGE.fullmatch(text[match.end("value") : following.start()]):
            unit, factor = _unit(following)  # "3 to 5 days"
        if not claimed or _measures(match, value, unit, text[match.end("value") :]):
            yield Quantity(value=value * factor, unit=unit, text=match[0].strip())


def _measures(match: re.Match[str], value: Decimal, unit: str, following: str) -> bool:
    """Whether a number of a claim has to be in its sources."""
    if value == 0 or match["ordinal"] or (value == 1 and not unit):
        return False  # "€0" is free, "below zero" is negative; "first", "one of them"
    if not unit and value <= _MAX_COUNTED and _COUNTED.match(following):
        return False
    return not (value == 7 and _EVERY_DAY.match(following))


def _unit(match: re.Match[str]) -> tuple[str, Decimal]:
    before, after = (match["before"] or "").lower(), (match["after"] or "").lower()
    if (match["kind"] or "").lower() in _WORKING and after in ("day", "days"):
        return "working day", Decimal(1)
    return SPELLINGS.get(before) or SPELLINGS.get(after) or ("", Decimal(1))


def _value(text: str) -> Decimal | None:
    """Return a number without separators of thousands; None for a date or a version."""
    text = re.sub(r"[ \u00a0\u202f'’]", "", text)
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", text):
        text = re.sub(r"[.,]", "", text)
    elif re.fullmatch(r"\d{1,3}(?:,\d{3})+\.\d+", text):
        text = text.replace(",", "")
    elif re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+", text):
        text = text.replace(".", "").replace(",", ".")
    else:
        text = text.replace(",", ".")
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
