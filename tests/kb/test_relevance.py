"""Relevance is a probability, and what a customer adds or misspells does not change what is shared."""

import pytest

from kb.relevance import SHIPPED, Calibration, Scale, log_odds, shared, shared_words, weights

SCALE = Scale(cosine=10.0, words=2.0, intercept=-5.0, quantiles=((0.9, 0.6), (0.99, 0.2)))


def test_the_probability_rises_with_cosine_and_words_and_stays_within_its_bounds():
    assert SCALE.probability(0.5, 0.0) == pytest.approx(0.5)
    assert SCALE.probability(0.5, 0.5) > SCALE.probability(0.5, 0.0)
    assert SCALE.probability(-100.0, 0.0) > 0.0
    assert SCALE.probability(100.0, 1.0) <= 1.0


@pytest.mark.parametrize(
    ("coverage", "least"), [(0.0, 1.0), (0.9, 0.6), (0.945, 0.4), (0.99, 0.2), (0.995, 0.1), (1.0, 0.0)]
)
def test_the_least_probability_of_a_coverage_is_interpolated(coverage, least):
    assert SCALE.least(coverage) == pytest.approx(least)


def test_a_calibration_is_read_from_a_manifest_as_it_was_written():
    fitted = Calibration(embedded=SCALE, lexical=SHIPPED.lexical, passages=100, changed=3)
    assert Calibration.of({"calibration": fitted.to_json()}) == fitted
    assert Calibration.of({}) is SHIPPED


def test_a_calibration_is_worn_once_a_tenth_of_its_passages_has_changed():
    fitted = Calibration(embedded=SCALE, lexical=SCALE, passages=100)
    assert not fitted.after(10).is_worn
    assert fitted.after(6).after(5).is_worn
    assert SHIPPED.after(1).is_worn


def test_log_odds_are_those_of_the_probability_and_finite_at_its_ends():
    assert log_odds(0.5) == 0.0
    assert log_odds(0.9) == pytest.approx(2.1972, abs=1e-4)
    assert -50 < log_odds(0.0) < log_odds(1.0) < 50


def test_rare_words_count_more_than_common_ones():
    assert shared({"refund": 3.0, "order": 1.0}, {"refund"}) == 0.75
    assert shared({}, {"refund"}) == 0.0


@pytest.mark.parametrize("misspelt", ["pasword", "passsword", "passwird", "passwrod"])
def test_a_word_with_one_letter_missing_doubled_wrong_or_swapped_is_shared(misspelt):
    assert shared({misspelt: 1.0}, {"password"}) == 1.0


@pytest.mark.parametrize(
    ("word", "known"), [("cat", "car"), ("so40017", "so40018"), ("parcel", "marble"), ("", "word")]
)
def test_short_words_codes_and_other_words_are_not_taken_for_misspelt_ones(word, known):
    assert shared({word: 1.0}, {known}) == 0.0


def test_an_unknown_word_weighs_as_much_as_the_rarest_and_a_number_of_the_customers_own_nothing():
    rarity = {"refund": 3.0, "order": 1.0, "14": 2.0}
    assert weights({"refund", "order", "zebra", "14", "so4711"}, rarity.get) == {
        "refund": 3.0,
        "order": 1.0,
        "zebra": 3.0,
        "14": 2.0,
    }


def test_without_a_knowledge_base_every_content_word_counts_the_same():
    assert shared_words("How long does a refund take?", "A refund arrives after five days.") == pytest.approx(1 / 3)
