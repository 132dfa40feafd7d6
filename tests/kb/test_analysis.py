"""Texts are analysed by their language for the lexical index."""

import pytest

from kb.analysis import analysed, analysis_language, folding


@pytest.mark.parametrize(
    ("language", "by"),
    [("de", "de"), ("pt-BR", "pt"), ("DE", "de"), ("zh", "en"), ("xx", "en"), ("", "en"), (None, "en")],
)
def test_a_region_is_left_out_and_a_language_without_a_stemmer_is_analysed_as_english(language, by):
    assert analysis_language(language) == by


@pytest.mark.parametrize(
    ("language", "forms", "stem"),
    [
        ("en", "Returns returned returning", "return"),
        ("de", "Rückgabe Rückgaben", "ruckgab"),
        ("fr", "remboursé remboursement", "rembours"),
        ("pl", "zwrot zwroty zwrotów", "zwrot"),
        ("ru", "возврат возвраты возвратов", "возврат"),
    ],
)
def test_inflections_of_a_word_have_one_stem_without_accents(language, forms, stem):
    assert analysed(forms, language) == [stem] * len(forms.split())


@pytest.mark.parametrize(
    ("language", "text", "left"),
    [("en", "the of and", []), ("de", "die für und", []), ("pl", "jest się dla", []), ("de", "the of", ["the", "of"])],
)
def test_stop_words_are_those_of_the_language(language, text, left):
    assert analysed(text, language) == left


def test_unspaced_scripts_are_cut_into_pairs():
    assert analysed("退货政策", "zh") == ["退货", "货政", "政策"]


def test_words_are_kept_as_they_are_written_but_for_case_and_accents():
    assert folding().analyze("Größen Cafés") == ["grossen", "cafes"]
