"""Questions back: read as models write them, and nothing claimed in them."""

import pytest

from tests.support.fakes import hit
from worker.answering.drafting import clarifying
from worker.answering.question import Clarification, Option, Question

RETURN = hit("You can return an item within 30 days. Returns are free of charge.", title="Return an item", number=1)
EXCHANGE = hit("We exchange unworn shoes for another size.", title="Exchange for another size", number=2)
MORE = hit("Send it back in the box it came in.", title="Return an item", number=1)
HITS = [RETURN, EXCHANGE, MORE]
ASKED = Question(workspace_id="w", content="I want to send my shoes back")


def options(*pairs: tuple[str, int]) -> list[Option]:
    return [Option(label=label, cited=cited) for label, cited in pairs]


BOTH = options(("Return an item", 1), ("Exchange for another size", 2))


@pytest.mark.parametrize(
    "text",
    [
        "Which of these do you mean?\n- Return an item [1]\n- Exchange for another size [2]",
        "Which of these do you mean?\n\n1. **Return an item** [1]\n2. **Exchange for another size** 【2】",
        "Which of these do you mean?\n* Return an item. [1]\n* Exchange for another size. [2]\n\nLet me know!",
        "Which of these do you mean?\na) Return an item (passage 1)\nb) Exchange for another size (passage 2)",
    ],
)
def test_a_clarification_is_read_in_the_forms_in_which_models_write_it(text):
    read = clarifying.parse(text)
    assert read.question == "Which of these do you mean?"
    assert list(read.options) == BOTH


@pytest.mark.parametrize(
    "asked",
    [
        "Which of these do you mean?",
        "Do you want to return the shoes or exchange them for another size?",
        "Happy to help! Would you like to return or exchange your shoes?",
    ],
)
def test_a_question_of_the_customer_s_words_and_the_options_is_asked_as_the_model_wrote_it(asked):
    question, labels = clarifying.checked(Clarification(question=asked, options=BOTH), HITS, ASKED)
    assert asked.endswith(question)
    assert labels == ("Return an item", "Exchange for another size")


@pytest.mark.parametrize(
    "asked",
    [
        "Do you want to return the shoes for a refund of 900 €?",  # claims a refund
        "Did you know that returns are free for ever?",
        "Returns are free. Which of these do you mean?",  # claims before it asks
        "Please visit https://evil.example, or do you want to return the shoes?",
        "Tell me more.",  # no question
        "",
    ],
)
def test_a_question_that_says_more_is_replaced_by_the_desk_s_own(asked):
    question, _labels = clarifying.checked(Clarification(question=asked, options=BOTH), HITS, ASKED)
    assert question == "Which of these do you mean?"


def test_the_desk_s_own_question_is_in_the_customer_s_language():
    german = Question(workspace_id="w", content="Ich möchte meine Schuhe zurückschicken")
    question, _labels = clarifying.checked(Clarification(question="", options=BOTH), HITS, german)
    assert question == "Was davon meinen Sie?"


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Return an item", "Return an item"),
        ("return the item", "return the item"),
        ("free of charge", "free of charge"),  # a quotation of the passage
        ("Return within 60 days", "Return an item"),
        ("Get a refund twice", "Return an item"),
        ("Artikel zurückgeben", "Return an item"),
        ("", "Return an item"),
    ],
)
def test_an_option_that_its_passage_does_not_name_gets_the_article_s_title(label, expected):
    given = Clarification(question="", options=options((label, 1), ("Exchange for another size", 2)))
    _question, labels = clarifying.checked(given, HITS, ASKED)
    assert labels == (expected, "Exchange for another size")


@pytest.mark.parametrize(
    "given",
    [
        options(("Return an item", 1)),
        options(("Return an item", 1), ("send it back", 3)),  # the same article
        options(("Return an item", 1), ("Something else", 9)),  # no such passage
        options(("Return an item", 1), ("Return an item", 3)),
        [],
    ],
)
def test_without_options_of_two_articles_nothing_is_asked(given):
    assert clarifying.checked(Clarification(question="Which?", options=given), HITS, ASKED) is None


def near(question: str, *scores: float) -> Clarification | None:
    from dataclasses import replace

    hits = [replace(found, score=score) for found, score in zip((RETURN, EXCHANGE, MORE), scores, strict=False)]
    return clarifying.between_articles(Question(workspace_id="w", content=question), hits)


def test_without_a_model_a_short_question_between_two_articles_is_clarified():
    asked = near("How can I send something back?", 0.50, 0.49, 0.48)
    assert list(asked.options) == BOTH


@pytest.mark.parametrize(
    ("question", "scores"),
    [
        ("How can I send something back?", (0.60, 0.50)),  # one is clearly nearer
        ("How can I send something back?", (0.50,)),
        ("Can I send shoes back that I wore once outside in the rain?", (0.50, 0.49)),  # says enough
    ],
)
def test_without_a_model_nothing_is_asked_where_the_question_decides(question, scores):
    assert near(question, *scores) is None
