"""Quoted text: headers of earlier messages are told from lines that look like them."""

import pytest

from worker.reading.quotes import stretches, without_header


def quoted(text: str) -> list[bool]:
    return [stretch.quoted for stretch in stretches(text.split("\n"))]


@pytest.mark.parametrize(
    "text",
    [
        "From: Berlin\nTo: Hamburg\nDate: 3 May\nIs it free?",
        "On Monday at 10:00 the courier wrote: left with a neighbour.",
        "> 100 euros, is delivery free?",
        "> npm install\n> node index.js\nWhy?",
        "Wysłano: wczoraj\nDo: Gdynia",
    ],
)
def test_lines_that_only_look_quoted_are_the_customers(text):
    assert not any(quoted(text))


def test_all_below_the_header_of_an_earlier_message_is_quoted():
    assert quoted("Why?\n\nFrom: A\nSent: today\nTo: B\nSubject: X\n\nBecause.") == [False, True]
    assert quoted("Why?\n________________\nVon: A <a@b.example>\nGesendet: heute\nAn: B\nBetreff: X\n\nDarum.") == [
        False,
        True,
    ]


def test_an_attribution_over_two_lines_is_one():
    assert quoted("Why?\n\nOn Tue, Nov 24, 2026 at 10:12 AM Shop <\ns@shop.example> wrote:\n\n> No.\n\nSo what?") == [
        False,
        True,
        False,
    ]


def test_a_quote_is_read_without_its_header():
    assert without_header(["> On 1 May 2026, A wrote:", ">", "> Is it so?"]) == ["Is it so?"]
    assert without_header(["-----Original Message-----"]) == []


def test_the_lines_of_a_form_are_no_header():
    text = "I booked this:\nFrom: Paris\nTo: Berlin\nSubject: 2 adults\n\nCan I cancel it?"
    assert quoted(text) == [False]
