""" "Yes" and "No" are judged with the question, and go where they say the opposite of what follows."""

import pytest

from tests.support.fakes import hit
from worker.answering.check.grounding import check
from worker.answering.check.yes_no import is_answer_word, is_opposite, opens_with_opposite, without_opening

HITS = [
    hit(
        "Returns are free within 30 days. Earrings cannot be returned. We deliver to Norway. "
        "Once the order is being packed, it can no longer be cancelled."
    )
]


@pytest.mark.parametrize("text", ["Yes.", "No!", "**Ja**", "Nein.", "Oui", "Sí.", "Nee", "Sim!", "Não.", "Tak.", "Nie"])
def test_a_word_by_itself_answers(text):
    assert is_answer_word(text)


@pytest.mark.parametrize(
    "text", ["Yesterday.", "No refunds.", "None", "Yes, you can return it.", "You can do it online.", "It is free."]
)
def test_a_claim_is_no_answer_word(text):
    assert not is_answer_word(text)


@pytest.mark.parametrize(
    "text",
    [
        "Yes, you can.",
        "Yes, it is.",
        "You will.",
        "Unfortunately not.",
        "I'm afraid not.",
        "No, never.",
        "No, it isn’t.",
    ],
)
def test_a_short_answer_says_no_more_than_the_word(text):
    assert is_answer_word(text)


@pytest.mark.parametrize(
    ("sentence", "rest"),
    [("Yes, we deliver.", "We deliver."), ("Nein: das geht nicht.", "Das geht nicht."), ("Norway is far.", None)],
)
def test_the_rest_of_a_sentence_can_be_judged_alone(sentence, rest):
    assert without_opening(sentence) == rest


@pytest.mark.parametrize(
    ("word", "sentence", "question", "opposite"),
    [
        ("Yes", "Earrings cannot be returned.", "Can earrings be returned?", True),
        ("No", "Earrings cannot be returned.", "Can earrings be returned?", False),
        ("No", "We deliver to Norway.", "Do you deliver to Norway?", True),
        ("Yes", "We deliver to Norway.", "Do you deliver to Norway?", False),
        ("No", "Returns are free.", "Do I pay for postage to Norway?", False),  # another matter than was asked
        ("Yes", "Earrings cannot be returned.", "Is it true that earrings cannot be returned?", False),
    ],
)
def test_the_question_tells_which_word_is_wrong(word, sentence, question, opposite):
    assert is_opposite(word, sentence, question) is opposite
    assert opens_with_opposite(f"{word}, {sentence}", question) is opposite


@pytest.mark.parametrize(
    ("language", "word", "sentence", "question", "opposite"),
    [
        ("de", "Ja", "Ohrringe können nicht zurückgegeben werden.", "Können Ohrringe zurückgegeben werden?", True),
        ("de", "Nein", "Ohrringe können nicht zurückgegeben werden.", "Können Ohrringe zurückgegeben werden?", False),
        ("fr", "Oui", "Les cartes ne sont pas remboursables.", "Les cartes sont-elles remboursables ?", True),
        ("pt", "Não", "Entregamos no Porto.", "Entregam no Porto?", True),  # "no" is "in the"
        ("pt", "Sim", "Entregamos no Porto.", "Entregam no Porto?", False),
        ("de", "Ja", "Wir haben im Mai geöffnet.", "Haben Sie im Mai geöffnet?", False),  # "mai" is never in Italian
    ],
)
def test_denials_are_those_of_the_language(language, word, sentence, question, opposite):
    assert is_opposite(word, sentence, question, language) is opposite
    assert opens_with_opposite(f"{word}, {sentence}", question, language) is opposite


def test_what_is_said_aside_is_not_what_answers():
    sentence = "Yes, deposits are protected up to 100,000 € per customer (not per account)."
    assert not opens_with_opposite(sentence, "Are my deposits protected?")


@pytest.mark.parametrize(
    ("question", "draft", "sent"),
    [
        ("Do you deliver to Norway?", "No. We deliver to Norway [1].", "We deliver to Norway [1]."),
        ("Do you deliver to Norway?", "Yes, we deliver to Norway [1].", "Yes, we deliver to Norway [1]."),
        ("Can earrings be returned?", "Yes. Earrings cannot be returned [1].", "Earrings cannot be returned [1]."),
        ("Can earrings be returned?", "No. Earrings cannot be returned [1].", "No. Earrings cannot be returned [1]."),
        ("Can earrings be returned?", "Yes. Elephants fly [1].", None),
        ("Can earrings be returned?", "Yes, they can [1].", None),  # says nothing that a passage has
        ("Can earrings be returned?", "Yes.", None),
        (
            "Can earrings be returned?",
            "Yes, they can. Earrings cannot be returned [1].",
            "Earrings cannot be returned [1].",
        ),
        (
            "Can earrings be returned?",
            "I'm afraid not. Earrings cannot be returned [1].",
            "I'm afraid not. Earrings cannot be returned [1].",
        ),
        ("Do you deliver to Norway?", "I'm afraid not. We deliver to Norway [1].", "We deliver to Norway [1]."),
    ],
)
def test_what_is_sent_of_an_answer_that_begins_so(question, draft, sent):
    found = check(draft, HITS, question=question)
    assert (found.content if found else None) == sent
