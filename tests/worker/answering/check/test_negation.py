import pytest

from worker.answering.check.negation import denies


@pytest.mark.parametrize(
    "text", ["You mustn't wash it.", "It needn't be new.", "Pets are excluded.", "Chargers are sold separately."]
)
def test_a_denial_is_seen_in_whatever_words(text):
    assert denies(text)


def test_a_plain_sentence_denies_nothing():
    assert not denies("You may wash it, and it has to be new.")
