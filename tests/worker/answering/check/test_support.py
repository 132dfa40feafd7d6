"""What is quoted is supported; for all else facts, the support model and words decide."""

import pytest

from tests.support.fakes import hit
from worker.answering.check.grounding import check
from worker.answering.check.support import CERTAIN_SUPPORT, MIN_SUPPORT, best_support
from worker.answering.check.support_model import load_entailment

HITS = [
    hit("Returns are free within 30 days. You can cancel an order until it is packed."),
    hit("Gift cards are valid for three years."),
]
GERMAN = hit("Die Rücksendung ist innerhalb von 30 Tagen kostenlos. Danach zahlen Sie das Porto selbst.")


def says(probability: float):
    return lambda _premise, _claim, _question: probability


def never(_premise: str, claim: str, _question: str) -> float:
    raise AssertionError(claim)


@pytest.mark.parametrize("claim", ["Returns are free within 30 days.", "returns are **free** within 30 days"])
def test_what_a_passage_says_word_for_word_asks_no_model(claim):
    found = best_support(claim, [1], HITS, entailment=never)
    assert found is not None
    assert found.score == 1
    assert HITS[found.position].record.text[found.start : found.end] == "Returns are free within 30 days."


def test_a_passage_that_is_not_cited_is_not_quoted():
    assert best_support("Returns are free within 30 days.", [2], HITS, entailment=says(0.0)) is None


@pytest.mark.parametrize("text", ["", "…", "And it is."])
def test_what_has_no_content_is_not_supported(text):
    assert best_support(text, [1], HITS, entailment=says(1.0)) is None


@pytest.mark.parametrize(
    ("claim", "cited", "probability", "kept"),
    [
        ("Sending something back costs nothing within thirty days.", [1], MIN_SUPPORT, True),
        ("Sending something back costs nothing within thirty days.", [], MIN_SUPPORT, True),
        ("Sending something back costs nothing within thirty days.", [9], 1.0, False),  # there is no such passage
        ("Sending something back costs nothing within thirty days.", [1], MIN_SUPPORT - 0.01, False),
        ("Sending something back costs nothing within forty days.", [1], 1.0, False),  # a number differs
        ("Sending something back costs nothing at www.shop.example.", [1], 1.0, False),  # nobody gave that link
    ],
)
def test_the_model_decides_where_facts_agree(claim, cited, probability, kept):
    found = best_support(claim, cited, HITS, entailment=says(probability))
    assert (found is not None) is kept
    if found is not None:
        assert (found.score, found.position) == (probability, 0)


def test_the_model_reads_the_question_and_all_that_is_cited_with_titles():
    read: list[tuple[str, str]] = []

    def entailment(premise: str, _claim: str, question: str) -> float:
        read.append((premise, question))
        return 0.0

    best_support("Both last rather long in our shop.", [1, 2], HITS, question="How long?", entailment=entailment)
    ((premise, question),) = read
    assert "three years" in premise
    assert "30 days" in premise
    assert HITS[0].record.title in premise
    assert question == "How long?"


def test_a_quantity_may_come_from_the_customer():
    claim = "Your parcel of 12 May can be sent back for free within 30 days."
    assert best_support(claim, [1], HITS, entailment=says(CERTAIN_SUPPORT)) is None
    asked = "My parcel came on 12 May. Can I return it?"
    assert best_support(claim, [1], HITS, question=asked, entailment=says(CERTAIN_SUPPORT)) is not None


@pytest.mark.parametrize(
    ("claim", "kept"),
    [
        ("Innerhalb von 30 Tagen ist die Rücksendung kostenlos.", True),
        ("Innerhalb von 60 Tagen ist die Rücksendung kostenlos.", False),
        ("Die Umtauschgebühr wird vom Guthaben der Kundschaft abgezogen.", False),
    ],
)
def test_another_language_than_the_models_is_compared_by_words(claim, kept):
    assert (best_support(claim, [1], [GERMAN], entailment=never) is not None) is kept


def test_the_model_that_ships_refuses_what_was_added():
    entailment = load_entailment()
    assert entailment is not None
    hits = [hit("You can return an item within 30 days. Open the order in the app and print the label.")]
    draft = (
        "You can return an item within 30 days [1]. Open your order in the app, and we send a courier to your home [1]."
    )
    assert (grounded := check(draft, hits, entailment=entailment)) is not None
    assert grounded.content == "You can return an item within 30 days [1]."


ABROAD = hit(
    "Delivery within Germany costs 4.90 €. Delivery to Norway costs 19.90 €. You pay the postage for a return."
)


@pytest.mark.parametrize(
    ("claim", "kept"),
    [
        ("The delivery to Norway costs €19.90.", True),
        ("Delivery to Norway costs 4.90 €.", False),  # the price of another country, in the sentence before
        ("Delivery to Norway does not cost 19.90 €.", False),
        ("We pay the postage.", False),  # too few words to be a quote
    ],
)
def test_what_is_nearly_quoted_is_of_one_sentence_with_its_quantities(claim, kept):
    found = best_support(claim, [1], [ABROAD], entailment=says(0.7))
    assert (found is not None) is kept
    assert found is None or found.score == 0.7  # what the model said, as `support` in the reply is


@pytest.mark.parametrize(
    ("source", "claim"),
    [
        ("Gutscheine können nicht in bar ausgezahlt werden.", "Gutscheine können in bar ausgezahlt werden."),
        (
            "Le remboursement n'est pas accordé pour les articles soldés.",
            "Le remboursement est accordé pour les articles soldés.",
        ),
    ],
)
def test_a_denial_in_another_language_is_seen(source, claim):
    assert best_support(claim, [1], [hit(source)], entailment=never) is None


def test_what_words_alone_support_is_for_the_judge():
    found = best_support("Innerhalb von 30 Tagen ist die Rücksendung kostenlos.", [1], [GERMAN], entailment=never)
    assert found is not None
    assert found.score < CERTAIN_SUPPORT
