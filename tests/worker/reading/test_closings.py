"""Closings: a signature is cut, and what is said after it is not."""

import pytest

from worker.reading.closings import kinds
from worker.reading.parts import PartKind


def written(text: str) -> str:
    lines = text.split("\n")
    found = kinds(lines, begins=True)
    return "\n".join(line for line, kind in zip(lines, found, strict=True) if kind == PartKind.WRITTEN).strip()


@pytest.mark.parametrize(
    "text",
    [
        "Thanks,\nbut the link is broken. Where is the form?",
        "Thanks,\nbut the link that you sent me is broken.",
        "Please change my address to:\n\nAda Byron\nT +44 20 7946 0102\nada@mail.example",
        "The sender is wrong.\n\nSent from the shop on Monday. Is that right?",
    ],
)
def test_words_of_the_customer_are_kept(text):
    assert written(text) == text


def test_a_postscript_is_kept():
    assert written("Where is it?\n\nBest regards\nTom\n\nP.S. I need it on Friday.") == (
        "Where is it?\n\n\nP.S. I need it on Friday.".replace("\n\n\n", "\n\n")
    )


def test_signature_device_line_and_notice_are_cut_together():
    notice = "This e-mail is confidential. If you have received it in error, please notify the sender and delete it."
    assert written(f"Hi,\n\nWhere is it?\n\nBest\nTom\n\nSent from my iPhone\n\n{notice}") == "Where is it?"


@pytest.mark.parametrize(
    "text",
    [
        "Where is my order?\nThanks\nOtherwise I will call my lawyer and sue you",
        "Order is late.\nThanks\nAlso I need an invoice for order 4711",
        "External drive not recognised.\n\nCan you help?",
    ],
)
def test_what_is_said_after_thanks_or_like_a_notice_is_kept(text):
    assert written(text) == text
