"""The language of a text is told, unless there is too little of it."""

from kb.languages import language_of


def test_a_language_is_found_in_enough_text_and_not_guessed_from_little():
    assert language_of("Pakete kommen innerhalb von zwei Tagen bei Ihnen an, auch am Wochenende.") == "de"
    assert language_of("Parcels arrive at your door within two working days of the order.") == "en"
    assert language_of("OK, 12345") is None
