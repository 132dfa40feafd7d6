"""The language of a text is told, unless there is too little of it."""

import functools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kb import languages
from kb.languages import language_of, other_language_of


def test_a_language_is_found_in_enough_text_and_not_guessed_from_little():
    assert language_of("Pakete kommen innerhalb von zwei Tagen bei Ihnen an, auch am Wochenende.") == "de"
    assert language_of("Parcels arrive at your door within two working days of the order.") == "en"
    assert language_of("OK, 12345") is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wie setze ich mein Passwort zurück?", "de"),
        ("Où est mon colis ?", "fr"),
        ("¿Dónde está mi paquete?", "es"),
        ("返品したいです", "ja"),
        ("Gdzie jest moja paczka?", "pl"),
    ],
)
def test_a_short_text_in_another_language_is_told(text, language):
    assert other_language_of(text, ("en",)) == language
    assert other_language_of(text, ("en", language)) is None


@pytest.mark.parametrize(
    "text",
    ["And wool?", "Can somebody call me?", "i live in Belgium, possible?", "deposit protection?", "1002", "👍", ""],
)
def test_a_text_that_may_be_in_an_expected_language_is_taken_for_one(text):
    assert other_language_of(text, ("en",)) is None


def test_a_language_that_the_model_does_not_know_expects_nothing():
    assert other_language_of("Where is my parcel? It should have come last week.", ("tlh",)) == "en"


def test_threads_that_ask_at_once_load_the_model_once(monkeypatch):
    loaded = []

    class Model:
        def classify(self, _text):
            return "de", 1.0

    def load():
        loaded.append(1)
        time.sleep(0.05)
        return Model()

    monkeypatch.setattr(languages, "_loaded", functools.lru_cache(maxsize=1)(load))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(languages.language_of, ["ein längerer Text, der für eine Antwort genügen sollte"] * 8))
    assert found == ["de"] * 8
    assert loaded == [1]
