"""Negations, bounds, quantities and calendar of seven languages read as their English ones."""

import pytest

from worker.answering.check import quantities
from worker.answering.check.gloss import LANGUAGES, gloss, meanings
from worker.answering.check.negation import denies

SAME_QUANTITIES = [
    ("de", "drei bis fünf Werktage", "3 to 5 working days"),
    ("de", "Es kostet 1.234,56 €, ab 9.30 Uhr", "It costs €1,234.56, from 9:30"),
    ("de", "von 9 bis 18 Uhr", "from 9:00 to 18:00"),
    ("de", "bis zum 31.01.2026", "until 31 January 2026"),
    ("de", "eine halbe Stunde", "30 minutes"),
    ("fr", "quatorze jours ouvrés, 2 000 €", "14 working days, 2,000 €"),
    ("fr", "de 8 h 30 à 18 h", "from 8:30 to 18:00"),
    ("fr", "sous 48 heures, avant le 1er août", "within 48 hours, before 1 August"),
    ("es", "treinta días laborables", "30 working days"),
    ("es", "hasta el 15 de noviembre", "until 15 November"),
    ("it", "dal 10 al 20 agosto, quattordici giorni", "from 10 to 20 August, 14 days"),
    ("it", "dalle 9 alle 18", "from 9:00 to 18:00"),
    ("nl", "een kwartier, € 2,95, zeven werkdagen", "15 minutes, €2.95, 7 working days"),
    ("pt", "das 9h00 às 18h30, cinco dias úteis", "from 9:00 to 18:30, 5 working days"),
    ("pl", "dwa do trzech dni roboczych", "2 to 3 working days"),
    ("pl", "od 1 do 10 sierpnia, pół godziny", "from 1 to 10 August, 30 minutes"),
]


def values(text: str) -> set[tuple[object, str]]:
    return {(quantity.value, quantity.unit) for quantity in quantities.read(text)}


@pytest.mark.parametrize(("language", "text", "english"), SAME_QUANTITIES)
def test_quantities_and_dates_have_the_value_of_their_translation(language, text, english):
    assert values(gloss(text, language)) == values(english)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Wir liefern keine Möbel."),
        ("fr", "Nous ne livrons pas le dimanche."),
        ("es", "No aceptamos cheques."),
        ("it", "Non accettiamo assegni."),
        ("nl", "Contant betalen kan niet."),
        ("pt", "Não entregamos aos domingos."),
        ("pl", "Nie dostarczamy w niedziele."),
    ],
)
def test_denials_are_read(language, text):
    assert denies(gloss(text, language))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Wir haben im Mai geöffnet."),
        ("fr", "Ouvert en mai."),
        ("pt", "Entregamos no Porto no prazo de dois dias."),
        ("es", "Entregamos los domingos."),
        ("pl", "Dostarczamy w niedziele."),
    ],
)
def test_words_that_deny_in_another_language_do_not(language, text):
    assert not denies(gloss(text, language))


def test_bounds_and_weekdays_are_english_and_other_words_stay():
    assert gloss("Höchstens drei Gutscheine, montags", "de") == "at most 3 Gutscheine, monday"
    assert gloss("l’adresse, jusqu’à 20 €", "fr") == "adresse, up to 20 €"


def test_english_and_other_languages_stay_as_they_are():
    assert gloss("two weeks and 3 ans", "en") == "two weeks and 3 ans"
    assert gloss("inte tre dagar", "sv") == "inte tre dagar"


@pytest.mark.parametrize("language", sorted(LANGUAGES - {"en"}))
def test_each_language_has_the_same_kinds_of_words(language):
    assert {"not", "never", "before", "after", "only", "always", "free", "days"} <= meanings(language)
    assert "monday" not in meanings(language)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("text", ["DAS IST KEİN PROBLEM, ALſO MİT DEM \u212aAUF", "nıe, senza, zonder, nİgdy, nunca"])
def test_letters_that_patterns_take_for_others_are_read(text, language):
    assert gloss(text, language)


def test_capitals_of_another_alphabet_are_read_as_their_letters():
    assert gloss("DAS IST KEİN PROBLEM", "de") == gloss("DAS IST KEIN PROBLEM", "de")
