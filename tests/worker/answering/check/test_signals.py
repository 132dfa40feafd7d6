import pytest

from worker.answering.check import signals

PASSAGE = "Students can pause for up to two months if they send a certificate. Parking is free. It is not lit at night."


@pytest.mark.parametrize(
    ("name", "with_it", "without_it"),
    [
        ("widened", "All students can pause for up to two months.", "Students can pause for up to two months."),
        ("narrowed", "Only students can pause for two months.", "Students can pause for two months."),
        ("promised", "We'll pause it for two months for students.", "It is paused for two months for students."),
        ("denial_left_out", "The parking is lit at night.", "The parking isn't lit at night."),
        ("bounds_left_out", "Students can pause.", "Students can pause if they send a certificate."),
        ("bounds_added", "Parking is free until noon.", "Parking is free."),
    ],
)
def test_a_word_that_bounds_or_widens_a_claim_is_a_signal(name, with_it, without_it):
    assert signals.of(PASSAGE, with_it)[name] > signals.of(PASSAGE, without_it)[name]


@pytest.mark.parametrize("claim", ["Students can't pause any more.", "Students can't pause any longer."])
def test_what_is_no_longer_so_is_not_widened(claim):
    assert signals.of(PASSAGE, claim)["widened"] == 0.0


def test_signals_count_by_their_weights_and_not_without():
    claim = "All students can pause."

    assert signals.weighed({"widened": -2.0, "narrowed": 5.0}, PASSAGE, claim) == -2.0
    assert signals.weighed({}, PASSAGE, claim) == 0.0
