"""Sentences keep their exact place, and content words are compared by their stems."""

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
