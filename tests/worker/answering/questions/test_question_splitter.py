"""The parts of a message that may be questions of their own."""

import time

import pytest

from worker.answering.questions.question_splitter import Candidate, split


def queries(message: str) -> list[str]:
    return [candidate.query for candidate in split(message) if not candidate.is_statement]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "How long do I have to return it, and which payment methods do you accept?",
            ["How long do I have to return it", "which payment methods do you accept?"],
        ),
        ("1. Do you deliver to Norway?\n2. How do I pay?", ["Do you deliver to Norway?", "How do I pay?"]),
        ("Please cancel my order. When is my refund there?", ["Please cancel my order.", "When is my refund there?"]),
        ("do you ship to uk. can i pay with apple pay", ["do you ship to uk.", "can i pay with apple pay"]),
        (
            "I need: the return label, the opening hours of support",
            ["the return label", "the opening hours of support"],
        ),
        ("Wie zahle ich und wann kommt das Paket?", ["Wie zahle ich", "wann kommt das Paket?"]),
        ("Je voudrais annuler. Comment payer par carte ?", ["Je voudrais annuler.", "Comment payer par carte ?"]),
        ("¿Puedo pagar con PayPal y cuándo llega?", ["¿Puedo pagar con PayPal", "cuándo llega?"]),
    ],
)
def test_questions_and_requests_are_told_apart(message, expected):
    assert queries(message) == expected


@pytest.mark.parametrize(
    "message",
    [
        "Can I return it if I tried it on, or do you only take it back in its packaging?",
        "Hi! How are you? I wanted to ask whether I can pay with PayPal.",
        "I have two questions.",
        "I work on weekdays and nobody is at home.",
    ],
)
def test_a_message_with_one_question_has_one(message):
    assert len(queries(message)) <= 1


def test_an_incomplete_question_is_read_with_the_statement_before_it():
    assert queries("I lost my card in Spain. How do I block it?") == ["I lost my card in Spain. How do I block it?"]
    assert queries("My lamp is broken. What can I do?") == ["My lamp is broken. What can I do?"]


def test_a_statement_that_no_question_needs_is_told_from_a_question():
    statement, question = split("The mail for my password never arrives. How can I leave the newsletter list?")
    assert statement == Candidate(
        text="The mail for my password never arrives.",
        query="The mail for my password never arrives.",
        is_statement=True,
    )
    assert question.is_clear


def test_runs_of_blanks_cost_little():
    began = time.process_time()
    split("Hello" + " " * 5_000 + "x. How do I pay?" + "\t" * 5_000)
    assert time.process_time() - began < 2
