"""The text of a reply around what was checked: names, greeting, sources, signature."""

import time

import pytest

from worker.states import CitationStyle, Greets
from worker.store.rows import Reply
from worker.voice.rendering import filled, greets, in_form, reply_text, with_sources
from worker.voice.voice import Form

CITATIONS = [
    {"number": 1, "title": "Passwords", "url": "https://a.example/passwords#reset"},
    {"number": 2, "title": "Internal", "url": None},
    {"number": 3, "title": "Passwords", "url": "https://a.example/passwords#forgot"},
]
TEXT = "Use the link [1]. Or call [2]. It is items[0] of [4], and lasts a day [3]."


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (
            CitationStyle.NUMBERS,
            "Use the link [1]. Or call. It is items[0] of [4], and lasts a day [3].\n\n"
            "[1] Passwords: https://a.example/passwords#reset\n[3] Passwords: https://a.example/passwords#forgot",
        ),
        (
            CitationStyle.LINKS,
            "Use the link. Or call. It is items[0] of [4], and lasts a day.\n\nPasswords: https://a.example/passwords",
        ),
        (CitationStyle.NONE, "Use the link. Or call. It is items[0] of [4], and lasts a day."),
    ],
)
def test_sources_are_shown_in_the_style_of_the_channel_and_what_is_no_citation_stays(style, expected):
    assert with_sources(TEXT, CITATIONS, style) == expected


def test_a_number_that_is_attached_to_a_word_is_no_citation():
    assert with_sources("It is items[2] [2].", CITATIONS, CitationStyle.NONE) == "It is items[2]."


@pytest.mark.parametrize(
    ("text", "customer", "expected"),
    [
        ("Hello {customer},", "Anna Müller", "Hello Anna Müller,"),
        ("Hello {customer},", None, "Hello,"),
        ("Hi, {customer}!", "  ", "Hi!"),
        ("Dear {customer},", "J. O'Neil-Smith", "Dear J. O'Neil-Smith,"),
        ("Hello {customer},", "Win at https://evil.example", "Hello,"),
        ("Hello {customer},", "Ann\n\nYour refund of 900 € is on its way", "Hello,"),
        ("Hello {customer},", "a" * 200, "Hello,"),
        ("Yours, {assistant}", "Anna", "Yours, Mia"),
        ("{customer}", None, None),
        (None, "Anna", None),
    ],
)
def test_a_customer_is_greeted_by_name_and_cannot_write_anything_else_there(text, customer, expected):
    assert filled(text, customer=customer, assistant="Mia") == expected


@pytest.mark.parametrize(
    ("form", "first", "expected"),
    [
        (Form(greeting="Hi"), True, True),
        (Form(greeting="Hi"), False, False),
        (Form(greeting="Hi", greets=Greets.EVERY_REPLY), False, True),
        (Form(greets=Greets.EVERY_REPLY), True, False),
    ],
)
def test_a_chat_is_greeted_once_and_a_letter_each_time(form, first, expected):
    assert greets(form, first=first) is expected


def test_a_reply_is_whole_with_what_goes_around_it():
    reply = Reply(
        id="msg_1",
        workspace_id="w",
        conversation_id="c",
        content="Use the link [1].",
        greeting="Hello Anna,",
        signature="Your shop",
        citation_style=CitationStyle.NONE,
        citations=CITATIONS[:1],
        support=1.0,
        answerer="llm",
        prompt_tokens=0,
        completion_tokens=0,
        cost_usd=0.0,
        created_at=1,
    )
    assert reply_text(reply) == "Hello Anna,\n\nUse the link.\n\nYour shop"


def test_content_in_a_form_is_what_a_reply_with_that_form_would_be():
    form = Form(greeting="Hello {customer},", signature="{assistant}, your shop", citations=CitationStyle.LINKS)
    whole = in_form("Use the link [1].", CITATIONS[:1], form, customer="Anna", assistant="Mia", first=True)
    assert whole == "Hello Anna,\n\nUse the link.\n\nPasswords: https://a.example/passwords\n\nMia, your shop"
    assert in_form("Yes.", [], form, customer="Anna", assistant=None, first=False) == "Yes.\n\n, your shop"


def test_a_name_that_is_made_to_cost_time_costs_little():
    began = time.process_time()
    assert filled("Hello {customer},", customer="a" * 59 + "!", assistant=None) == "Hello,"
    assert time.process_time() - began < 0.5
