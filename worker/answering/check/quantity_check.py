"""Compare the quantities of a claim with those of its sources.

"36 months" agrees with "three years", "half" with "50 %", "€4.95" with "4.95 €", and "2 June" with "30 days" from
"3 May". What a quantity is said of is not compared: that is the part of the support model.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from worker.answering.check import quantities
from worker.answering.check.quantities import (
    AS_WRITTEN,
    CLOCK,
    CURRENCIES,
    DATE,
    DAY_OF_YEAR,
    HALF_DAY_CLOCK,
    SPELLINGS,
    Quantity,
)

#: Words of a claim that computes from two of its sources' quantities.
_COMPARES = re.compile(
    r"\b(?:more|less|cheaper|dearer|difference|compared|instead|saves?|altogether|(?:in|the) total|sum|together|plus"
    r"|comes? to|makes?|add(?:s|ed)? up|left|remain(?:s|ing)?)\b",
    re.I,
)
_WORKING_DAYS = re.compile(r"\b(?:working|business) days\b", re.I)
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)\b")
_TIMES = re.compile(r"\btimes$", re.I)
_DAY = Decimal(86_400)
_DATES = (DATE, DAY_OF_YEAR)
_THIRDS = {Decimal("33.3"), Decimal("66.7")}

_TWICE = Quantity(value=Decimal(2), unit="", text="")

#: What a price is multiplied with or divided by, and the words of a claim that says so.
_PERIODS = {
    Quantity(value=Decimal(value), unit="", text=""): re.compile(words, re.I)
    for value, words in (
        (2, r"\b(?:both|double|twice|two)\b"),
        (7, r"\b(?:weeks?|weekly)\b"),
        (12, r"\b(?:years?|yearly|annual(?:ly)?)\b"),
        (52, r"\b(?:years?|yearly|annual(?:ly)?)\b"),
    )
}


def first_missing(claim: str, sources: str, *, question: str = "", only: frozenset[str] | None = None) -> str | None:
    """Return the first quantity of a claim that neither its sources nor the question bear out, or None.

    A quantity is borne out by the same one in any spelling; by a sum, a difference, a product or a share of two
    quantities of which one is the customer's; and where the claim compares, by those of two of its sources'.

    Args:
        claim: a sentence of an answer.
        sources: the passages that it may be from.
        question: the customer's message.
        only: the units that are compared; all of them by default.
    """
    claimed = [quantity for quantity in quantities.read(claim, claimed=True) if only is None or quantity.unit in only]
    if not claimed:
        return None
    given, asked = quantities.read(sources), quantities.read(question)
    if _WORKING_DAYS.search(sources):  # "all times are working days"
        days = (duration for duration in given if duration.unit == "second")
        given = (*given, *(replace(day, value=day.value / _DAY, unit="working day") for day in days))
    periods = [period for period, words in _PERIODS.items() if words.search(claim)]
    others = [*asked, *(given if _COMPARES.search(claim) else ()), *periods]
    for quantity in claimed:
        if any(agree(quantity, known) for known in (*given, *asked)):
            continue
        rest = [other for other in claimed if other is not quantity]
        if not (
            _follows(quantity, given, [*others, *rest])
            or _is_sum(quantity, [other for other in rest if any(agree(other, known) for known in given)])
            or _is_price_of_excess(quantity, given, asked)
        ):
            return quantity.text
    return None


def agree(claimed: Quantity, other: Quantity) -> bool:
    """Whether a quantity of a claim is the same as another one, in whatever spelling and unit."""
    units = {claimed.unit, other.unit}
    if AS_WRITTEN in units:
        return claimed == other
    if units == {""} and "." in claimed.text and "." in other.text:
        return claimed.text.split()[0] == other.text.split()[0]  # version 2.10 is not 2.1
    if units == {"percent"} and {claimed.value, other.value} & _THIRDS:
        return abs(claimed.value - other.value) < Decimal("0.5")  # a third, 33 %
    if len(units) == 1:
        return claimed.value == other.value
    if units == {CLOCK, HALF_DAY_CLOCK}:
        return claimed.value % 720 == other.value % 720
    if units == {DATE, DAY_OF_YEAR}:
        return quantities.as_date(claimed).timetuple()[1:3] == quantities.as_date(other).timetuple()[1:3]
    if "cent" in units and units <= CURRENCIES:
        cents, whole = (claimed, other) if claimed.unit == "cent" else (other, claimed)
        return cents.value == whole.value * 100
    if claimed.unit in (CLOCK, HALF_DAY_CLOCK) and not other.unit:
        return other.value * 60 == claimed.value  # "Mon-Fri 9-17"
    if "" in units:
        bare, measured = (claimed, other) if not claimed.unit else (other, claimed)
        if _ORDINAL.match(bare.text):
            return False  # "the first answer" is no day
        return any(bare.value * factor == measured.value for factor in _factors(measured.unit))
    return False


@lru_cache(maxsize=100)
def _factors(unit: str) -> frozenset[Decimal]:
    return frozenset(factor for name, factor in SPELLINGS.values() if name == unit) or frozenset({Decimal(1)})


def _follows(quantity: Quantity, given: Sequence[Quantity], others: Sequence[Quantity]) -> bool:
    """Whether a quantity can be computed from one of the sources and another one."""
    return any(
        _computed(quantity, first, second) or _computed(quantity, second, first) for second in others for first in given
    )


def _is_sum(quantity: Quantity, parts: Sequence[Quantity]) -> bool:
    """Whether a sum of money is that of all others of a claim, at least two."""
    prices = [part.value for part in parts if part.unit == quantity.unit]
    return quantity.unit in CURRENCIES and len(prices) > 1 and quantity.value == sum(prices)


def _is_price_of_excess(quantity: Quantity, given: Sequence[Quantity], asked: Sequence[Quantity]) -> bool:
    """Whether a sum of money is a price for each of what the customer has beyond a limit: €4 for each metre over 15."""
    if quantity.unit not in CURRENCIES:
        return False
    prices = [price for price in given if price.unit == quantity.unit]
    beyond = {had.value - limit.value for had in asked for limit in given if had.unit == limit.unit}
    return any(quantity.value == price.value * many for price in prices for many in beyond if many > 0)


def _computed(quantity: Quantity, first: Quantity, second: Quantity) -> bool:
    value, unit = quantity.value, quantity.unit
    if unit in _DATES and first.unit in _DATES:
        return _is_later(quantity, first, second)
    if not first.unit and unit in CURRENCIES and _TIMES.search(first.text):  # "three times your income"
        return second.unit in ("", unit) and value == first.value * second.value
    if first.unit != unit or unit == AS_WRITTEN:
        return False
    if second.unit == unit and first not in _PERIODS and second not in _PERIODS:
        return value in (first.value + second.value, first.value - second.value)
    if second.unit == "percent":
        share = first.value * second.value / 100
        return value in (share, first.value - share, first.value + share)
    if not second.unit and (unit in CURRENCIES or second == _TWICE) and second.value:
        return value in (first.value * second.value, first.value / second.value)
    return False


def _is_later(quantity: Quantity, first: Quantity, period: Quantity) -> bool:
    """Whether a date is a period after another."""
    then, now = quantities.as_date(quantity), quantities.as_date(first)
    if period.unit == "second":
        return (then - now).total_seconds() == period.value
    months = (then.year - now.year) * 12 + then.month - now.month
    return period.unit == "month" and then.day == now.day and months == period.value
