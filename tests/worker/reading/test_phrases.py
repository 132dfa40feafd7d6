"""Phrases: greetings, closings and contact data are whole lines."""

import pytest

from worker.reading import phrases


@pytest.mark.parametrize(
    "line", ["Hi Tom,", "Sehr geehrte Damen und Herren,", "Bonjour à tous", "Dear customer service,"]
)
def test_greetings_are_told(line):
    assert phrases.GREETING.fullmatch(line)


@pytest.mark.parametrize("line", ["Hello I need help", "Dear me, where is it", "Hi, the app crashes"])
def test_what_goes_on_is_no_greeting(line):
    assert not phrases.GREETING.fullmatch(line)


@pytest.mark.parametrize(
    "line", ["Best regards,", "Viele Grüße", "LG Mia", "Cordialement,", "Merci d'avance", "Z poważaniem"]
)
def test_closings_are_told(line):
    assert phrases.CLOSING.fullmatch(line)


def test_what_says_more_is_no_closing():
    assert not phrases.CLOSING.fullmatch("Best price guarantee does not apply")
    assert not phrases.CLOSING.fullmatch("With regards to my order")


def test_a_customer_who_speaks_of_errors_writes_no_legal_notice():
    assert not phrases.is_legal(
        "I received this parcel in error, please delete it from my account and tell the sender."
    )
    assert phrases.is_legal(
        "This e-mail is confidential. If you have received it in error, please notify the sender and delete it."
    )


def test_contact_data_are_counted_by_line():
    assert phrases.contact_signs(["Ada Byron", "T +44 20 7946 0102", "www.byron.example"]) == 2
