"""Messages are recognised by the examples that they are nearest to."""

import numpy as np
import pytest

from worker.answering.triage.example_classifier import HARMLESS, Fit
from worker.answering.triage.recogniser import COMPLAINT, EXAMPLES, load_examples, shortened, thresholds
from worker.categories.category import CATEGORIES


def test_every_category_ships_with_examples_and_none_twice():
    examples = load_examples(EXAMPLES)
    assert {example.label for example in examples} == {*CATEGORIES, COMPLAINT, HARMLESS}
    texts = [example.text.casefold() for example in examples]
    assert len(set(texts)) == len(texts)


def test_a_single_sentence_of_a_long_message_is_recognised_and_quoted(recogniser):
    story = (
        "Hello, I ordered a lamp for my mother's birthday two weeks ago and the parcel came in time. "
        "She plugged it in and the lamp caught fire. What a pity, since she liked the colour a lot."
    )
    found = recogniser.recognise(story)
    assert "safety" in found.quotes
    assert recogniser.recognise("Hello! How long does delivery to Norway take?").quotes == {}
    assert recogniser.recognise("").quotes == {}


def test_what_is_clearly_harmless_is_told_from_what_is_not_known(recogniser):
    assert recogniser.recognise("Is the battery safe to take on a plane?").is_harmless("safety")
    assert not recogniser.recognise("The battery caught fire").is_harmless("safety")
    assert not recogniser.recognise("The battery caught fire").is_harmless("unheard_of")


def test_a_desks_category_must_be_the_right_one_and_shipped_ones_must_not_be_harmless():
    contrasts = np.array([[0.9, 0.1, 0.0], [0.4, 0.0, 0.5], [0.0, 0.8, 0.1], [0.7, 0.1, 0.0], [0.0, 0.1, 0.6]])
    fitted = Fit(categories=("legal", "anger", "own"), weights=np.zeros((5, 3), np.float32), left_out=contrasts)
    found = thresholds(fitted, ["legal", "legal", "anger", HARMLESS, "own"], own=["own"])
    assert found["legal"] == found["anger"] == 0.8
    assert found["own"] == pytest.approx(0.55)  # halfway to the next wrong one


def test_a_quote_is_one_short_line():
    assert shortened("a\n  b") == "a b"
    assert len(shortened("x" * 500)) == 120
