"""Words, vectors and a model of support decide together."""

import pytest

from tests.support.fakes import hit
from worker.answering.grounding import check
from worker.answering.support import CERTAIN_SUPPORT, MIN_ENTAILMENT, MIN_ENTAILMENT_ALONE, best_support
from worker.answering.support_model import load_entailment

HITS = [
    hit("Returns are free within 30 days. You can cancel an order until it is packed."),
    hit("Gift cards are valid for three years."),
]


def says(probability: float):
    return lambda _premise, _claim: probability


def test_what_is_certain_asks_no_model():
    def never(premise: str, claim: str) -> float:
        raise AssertionError(claim)

    found = best_support("Returns are free within 30 days.", [1], HITS, None, never)
    assert found is not None
    assert found[1].score >= CERTAIN_SUPPORT


@pytest.mark.parametrize(("probability", "kept"), [(MIN_ENTAILMENT, True), (MIN_ENTAILMENT - 0.01, False)])
def test_what_words_support_needs_the_model_too(probability, kept):
    claim = "You can cancel your whole order until somebody has packed it."
    assert best_support(claim, [1], HITS, None) is not None
    assert (best_support(claim, [1], HITS, None, says(probability)) is not None) is kept


@pytest.mark.parametrize(
    ("claim", "cited", "probability", "kept"),
    [
        ("Sending something back costs nothing within thirty days.", [1], MIN_ENTAILMENT_ALONE, True),
        ("Sending something back costs nothing within thirty days.", [1], MIN_ENTAILMENT_ALONE - 0.01, False),
        ("Sending something back costs nothing within thirty days.", [], 1.0, False),  # it cites nothing
        ("Sending something back costs nothing within forty days.", [1], 1.0, False),  # a number differs
        ("Sending something back costs nothing at www.shop.example.", [1], 1.0, False),  # nobody gave that link
    ],
)
def test_the_model_alone_decides_where_facts_agree(claim, cited, probability, kept):
    assert best_support(claim, cited, HITS, None) is None
    found = best_support(claim, cited, HITS, None, says(probability))
    assert (found is not None) is kept
    if found is not None:
        assert found[1].score == probability


def test_the_model_reads_all_that_is_cited_with_titles():
    premises: list[str] = []

    def entailment(premise: str, _claim: str) -> float:
        premises.append(premise)
        return 0.0

    best_support("Both last rather long in our shop.", [1, 2], HITS, None, entailment)
    (premise,) = premises
    assert "three years" in premise
    assert "30 days" in premise
    assert HITS[0].record.title in premise


def test_the_model_that_ships_refuses_what_was_added():
    entailment = load_entailment()
    assert entailment is not None
    hits = [hit("You can return an item within 30 days. Open the order in the app and print the label.")]
    draft = (
        "You can return an item within 30 days [1]. Open your order in the app, and we send a courier to your home [1]."
    )
    assert (grounded := check(draft, hits, entailment=entailment)) is not None
    assert grounded.content == "You can return an item within 30 days [1]."
