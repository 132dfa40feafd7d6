"""The model that ships: what it tells apart, and what it reads."""

import pytest

from worker.answering.check import answer_model, cross_encoder
from worker.answering.check.answer_model import AnswerModel, texts

SHIPPED = cross_encoder.shipped("answers")
RETURNS = (
    "You can return unused items within 30 days of delivery. Returns cost €3.90, which we take off your refund. "
    "We refund the money within five working days to the method you paid with."
)


@pytest.fixture(scope="module")
def model() -> AnswerModel:
    return AnswerModel.load()


@pytest.mark.parametrize(
    ("answered", "unanswered"),
    [
        ("what does it cost to send something back", "who won the world cup"),
        ("how long do i have to return a jacket", "is there a phone number for questions about returns"),
        ("when do I get my money back?", "ok, I will try that tomorrow"),
    ],
)
def test_a_question_that_the_passage_answers_is_more_probable_than_one_near_it(model, answered, unanswered):
    assert model.probability(answered, RETURNS, "Returns") > model.probability(unanswered, RETURNS, "Returns")


def test_odd_input_gets_a_probability(model):
    long = "word " * 2_000

    for question, passage, title in (
        ("", "", ""),
        (long, long, long),
        ("?", "- " * 90, "?"),
        ("日本語の質問です。", "🙂", "[SEP]"),
    ):
        assert 0 <= model.probability(question, passage, title) <= 1


def test_of_a_long_passage_the_sentences_that_bear_on_the_question_are_read():
    passage = " ".join(f"Sentence {number} is about nothing that was asked here." for number in range(40))

    read, asked = texts("what does a return cost", f"{passage} A return costs €3.90.", "Returns")

    assert "A return costs €3.90." in read
    assert read.startswith("Returns: ")
    assert len(read.split()) <= answer_model.MAX_WORDS + 10
    assert asked == "what does a return cost"


def test_of_a_long_message_the_question_is_read():
    message = f"{'I ordered it for my mother last week. ' * 20}Can I still change the colour? {'Thank you. ' * 10}"

    _, asked = texts(message, RETURNS)

    assert "Can I still change the colour?" in asked
    assert len(asked.split()) <= 80


def test_the_shipped_model_fits_its_budget():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 30_000_000


def test_a_passage_that_a_search_found_near_is_the_more_probable_one(model):
    asked = "what does it cost to send something back"

    far, near = (model.probability(asked, RETURNS, "Returns", cosine=cosine) for cosine in (0.2, 0.7))

    assert far < near


def test_a_first_message_that_leans_on_nothing_is_less_probable_than_without_the_search(model):
    asked = "And how long does it take?"

    found = model.probability(asked, RETURNS, "Returns", cosine=0.25)

    assert found < model.probability(asked, RETURNS, "Returns")
