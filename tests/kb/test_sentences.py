"""Sentences keep their exact place, and content words are compared by their stems."""

import pytest

from kb import sentences


def test_sentences_are_found_where_they_stand_and_lines_are_not_joined():
    text = "Free for 30 days.  Then it costs.\n- Pack it"
    assert [text[start:end] for start, end in sentences.split(text)] == [
        "Free for 30 days.",
        "Then it costs.",
        "- Pack it",
    ]
    assert next(sentences.split("One.", offset=10)) == (10, 14)


def test_words_of_one_stem_are_the_same_content_and_negations_are_none():
    assert sentences.content("Refunds are not possible") == sentences.content("a possible refund")
    assert sentences.words("Don’t PANIC") == ["don't", "panic"]


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [
        ("de", "Die Frist endet am 31. Januar. Danach geht es nicht mehr.", 2),
        ("de", "Vom 28. bis 30. Dezember ist z. B. Leipzig zu.", 1),
        ("pl", "Kosztuje to np. 5 zł. Dziękujemy.", 2),
        ("sv", "Det kostar 5 kronor. Tack.", 2),
    ],
)
def test_dates_and_abbreviations_of_a_language_end_no_sentence(language, text, count):
    assert len(list(sentences.split(text, language=language))) == count


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "Wir erstatten die Beträge", "die Erstattung des Betrags"),
        ("fr", "les commandes annulées", "annuler une commande"),
        ("es", "los pedidos cancelados", "cancelar un pedido"),
        ("it", "gli ordini annullati", "annullare un ordine"),
        ("nl", "de bestelde artikelen", "het artikel bestellen"),
        ("pt", "as encomendas canceladas", "cancelar a encomenda"),
        ("pl", "nasze karty podarunkowe", "kartę podarunkową"),
    ],
)
def test_stems_and_stop_words_follow_the_language(language, one, other):
    assert sentences.content(one, language) & sentences.content(other, language)
    assert not any(sentences.is_stop_word(word, language) for word in sentences.content_words(one, language))
