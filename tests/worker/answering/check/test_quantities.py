"""Quantities are read in the forms that people and models write."""

from decimal import Decimal

import pytest

from worker.answering.check import quantities
from worker.answering.check.quantities import AS_WRITTEN, CLOCK, DATE, DAY_OF_YEAR, HALF_DAY_CLOCK


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs EUR 25.", [("25", "euro")]),
        ("It costs 1,250.50 euros.", [("1250.50", "euro")]),
        ("It costs € 1.250,50.", [("1250.50", "euro")]),
        ("It costs 10 000 €.", [("10000", "euro")]),
        ("It takes 3 to 5 days.", [("259200", "second"), ("432000", "second")]),
        ("It takes 3-5 working days.", [("3", "working day"), ("5", "working day")]),
        ("A two-week trial.", [("1209600", "second")]),
        ("It takes twenty-five minutes.", [("1500", "second")]),
        ("It lasts half a year.", [("6.0", "month")]),
        ("It lasts two and a half hours.", [("9000.0", "second")]),
        ("Keep it at -5 °C.", [("-5", "degree")]),
        ("We keep a third.", [("33.3", "percent")]),
        ("We close at 5 p.m. every day.", [("1020", CLOCK), ("86400", "second")]),
        ("We open at half past eight.", [("510", HALF_DAY_CLOCK)]),
        ("It is 2 h away.", [("7200", "second")]),
        ("By May 3rd, 2026.", [("739739", DATE)]),
        ("On 24 December.", [("358", DAY_OF_YEAR)]),
        ("On 31 February.", [("31", "")]),
        ("It ends on 03/04/2026.", [("0", AS_WRITTEN)]),
        ("See https://shop.example/3/5 for help.", []),
        ("The code X200 is needed.", []),
    ],
)
def test_a_quantity_has_its_value_and_unit(text, expected):
    assert [(str(one.value), one.unit) for one in quantities.read(text)] == expected


@pytest.mark.parametrize(
    "text",
    ["There are two ways to pay.", "First sign in.", "It is one of them.", "It's €0.", "Twice a day", "7 days a week"],
)
def test_what_only_counts_is_no_quantity_of_a_claim(text):
    assert quantities.read(text, claimed=True) == ()


def test_a_period_without_a_number_counts_where_it_measures():
    (hour,) = quantities.read("It is done within an hour.", claimed=True)
    assert hour.value == Decimal(3600)
    assert quantities.read("An hour later it is done.", claimed=True) == ()
