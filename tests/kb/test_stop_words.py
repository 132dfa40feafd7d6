"""Function words carry no subject; those of one language may in another."""

import pytest

from kb.stop_words import NAMES, is_stop_word

FUNCTION_WORDS = {
    "en": "the and of",
    "de": "der und nicht",
    "fr": "le et pas",
    "es": "el y de",
    "it": "il e di",
    "nl": "het en van",
    "pt": "o e de",
    "pl": "się i w",
}


@pytest.mark.parametrize("language", NAMES)
def test_function_words_are_on_the_list_and_nouns_are_not(language):
    assert all(is_stop_word(word, language) for word in FUNCTION_WORDS[language].split())
    assert not any(is_stop_word(word, language) for word in ("visa", "berlin", "2026"))


def test_a_word_may_be_one_in_one_language_alone():
    assert is_stop_word("die", "de")
    assert not is_stop_word("die", "fr")
