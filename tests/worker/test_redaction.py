"""What should not be seen is found, and what merely looks like it is left."""

import io
import json
import logging
import time

import pytest

from worker.redaction import Redactor, restored
from worker.telemetry import logs


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Card 4111 1111 1111 1111, please", "Card [card], please"),
        ("5500-0055-5555-5559", "[card]"),
        ("IBAN DE89 3704 0044 0532 0130 00 thanks", "IBAN [iban] thanks"),
        ("GB29NWBK60161331926819", "[iban]"),
        ("write to ada.b+c@shop.example.", "write to [email]."),
        ("call +49 30 901820 now", "call [phone] now"),
        ("my password is hunter22x", "my password is [secret]"),
        ("sk-abcdefghijklmnop1234", "[secret]"),
        ("my password is: hunter22", "my password is: [secret]"),
        ("password hunter22", "password [secret]"),
        ("the password for my account is Tr0ub4dor", "the password for my account is [secret]"),
        ("mot de passe: soleil99", "mot de passe: [secret]"),
        ("CVV 123", "CVV 123"),
        ("cvc: 999", "cvc: [secret]"),
        ("4111.1111.1111.1111", "[card]"),
        ("4111  1111  1111  1111", "[card]"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer [secret]"),
        ("postgresql://user:pw@db/x", "postgresql://[secret]@db/x"),
    ],
)
def test_it_is_found(text, masked):
    assert Redactor().mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "order 12345678901234",
        "4111 1111 1111 1112",
        "it took 2026-11-23 to 2026-11-24",
        "my password is wrong",
        "The password is not accepted",
        "msg_01a20749bd04f7f3a7d2dc38d1",
        "costs 1,000.00 EUR",
        "DE89 3704 0044 0532 0130 02",
    ],
)
def test_what_merely_looks_like_it_is_left(text):
    assert Redactor().mask(text) == text


def test_what_is_hidden_is_put_back_and_the_same_words_get_the_same_place():
    redactor, kept = Redactor(), {}
    first = redactor.hidden("I am ada@shop.example, card 4111 1111 1111 1111", kept)
    second = redactor.hidden("mail ada@shop.example or grace@shop.example", kept)
    assert first == "I am <email-1>, card <card-1>"
    assert second == "mail <email-1> or <email-2>"
    assert restored("We wrote to <email-2> and <email-1>.", kept) == (
        "We wrote to grace@shop.example and ada@shop.example."
    )


def test_a_crafted_text_takes_no_time():
    began = time.perf_counter()
    Redactor().mask("a-" * 20_000)
    Redactor().mask("1 " * 20_000)
    assert time.perf_counter() - began < 5


def test_logs_are_masked_wherever_the_text_stands():
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        logs.configure("info", stream=stream)
        try:
            raise ValueError("card 4111 1111 1111 1111")
        except ValueError:
            logs.get("test").exception("failed", cause="ada@shop.example", inner={"key": ["Bearer abcdefgh12345678"]})
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    text = stream.getvalue()
    assert "4111" not in text
    assert "ada@" not in text
    assert "abcdefgh12345678" not in text
    assert json.loads(text)["cause"] == "[email]"
