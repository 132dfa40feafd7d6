import pytest

from worker.answering.check import cross_encoder
from worker.answering.check.support import MIN_SUPPORT
from worker.answering.check.support_model import SupportModel

SHIPPED = cross_encoder.shipped("support")
PREMISE = (
    "You can return unused items within 30 days of delivery. Returns cost €3.90, which we take off your refund. "
    "We refund the money within five working days to the method you paid with."
)


@pytest.fixture(scope="module")
def model() -> SupportModel:
    return SupportModel.load()


@pytest.mark.parametrize(
    "claim",
    [
        "A return costs you €3.90, which is taken off your refund.",
        "The refund goes to the payment method you used within five working days.",
        "Your money is back within five working days.",
    ],
)
def test_what_the_premise_says_in_other_words_is_supported(model, claim):
    probability = model.probability(PREMISE, claim)

    assert probability >= MIN_SUPPORT


@pytest.mark.parametrize(
    "claim",
    [
        "You can return unused items within 30 days of delivery, and we send a courier to your home.",
        "You can return unused items at any time.",
        "Returns are free.",
        "We pay the postage for returns.",
        "The shop opens at nine on Saturdays.",
    ],
)
def test_a_planted_fault_is_not_supported(model, claim):
    probability = model.probability(PREMISE, claim)

    assert probability < MIN_SUPPORT


def test_odd_input_gets_a_probability(model):
    long = "word " * 2_000

    for premise, claim, question in (
        ("", "", ""),
        (long, long, long),
        ("- " * 90, "?", "?"),
        ("日本語の文です。", "🙂", "[SEP]"),
    ):
        assert 0 <= model.probability(premise, claim, question) <= 1


def test_the_shipped_model_fits_its_budget():
    size = sum(path.stat().st_size for path in SHIPPED.iterdir())

    assert size < 30_000_000
