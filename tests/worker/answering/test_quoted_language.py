"""Quotes in another language than the customer's say so, or are left to a human."""

import pytest

from tests.support.fakes import FakeSearch, hit
from worker.answering.agent import Agent
from worker.answering.drafting.extractive import ExtractiveAnswerer
from worker.answering.question import Question
from worker.answering.questions.gate import OPEN
from worker.answering.quoted_language import differs
from worker.conversations.outcomes import Answer, Handoff, Piece
from worker.states import HandoffReason

PASSAGE = hit(
    "Open the login page and choose the link to reset your password. We send you an e-mail with a link that is valid "
    "for one hour. Then choose a new password with at least ten characters."
)
GERMAN = "Ich habe mein Passwort vergessen, wie kann ich es zurücksetzen?"
ENGLISH = "I forgot my password, how can I reset it?"
SAID = {
    GERMAN: "Unsere Artikel dazu sind in einer anderen Sprache. Ich zitiere sie, wie sie sind:\n\n",
    "J'ai oublié mon mot de passe, comment puis-je le réinitialiser ?": (
        "Nos articles à ce sujet sont dans une autre langue. Je les cite tels quels :\n\n"
    ),
}


def answered(embedder, message: str, pieces: list[Piece] | None = None, **options):
    agent = Agent(knowledge=FakeSearch([PASSAGE]), answerer=ExtractiveAnswerer(embedder), gate=OPEN, **options)
    say = pieces.append if pieces is not None else lambda _piece: None
    return agent.answer(Question(workspace_id="w", content=message), say=say)


@pytest.mark.parametrize("message", SAID)
def test_quotes_in_another_language_are_announced_in_the_customers(embedder, message):
    pieces: list[Piece] = []
    answer = answered(embedder, message, pieces)
    assert isinstance(answer, Answer)
    assert answer.content.startswith(SAID[message])
    quotes = answer.content.removeprefix(SAID[message])
    assert quotes.startswith("Open the login page")
    assert answer.citations
    streamed = ""
    for piece in pieces:
        streamed = streamed[: piece.offset] + piece.text
    assert streamed == answer.content


def test_quotes_in_the_same_language_are_sent_as_they_are(embedder):
    answer = answered(embedder, ENGLISH)
    assert isinstance(answer, Answer)
    assert answer.content.startswith("Open the login page")


def test_a_desk_may_hand_off_instead(embedder):
    pieces: list[Piece] = []
    outcome = answered(embedder, GERMAN, pieces, quotes_other_languages=False)
    assert isinstance(outcome, Handoff)
    assert outcome.reason == HandoffReason.LANGUAGE
    assert "another language than the customer writes in" in outcome.summary
    assert pieces == []
    assert isinstance(answered(embedder, ENGLISH, quotes_other_languages=False), Answer)


def test_in_doubt_the_languages_are_the_same():
    assert not differs(Question(workspace_id="w", content="ok"), PASSAGE.record.text)
    assert not differs(Question(workspace_id="w", content=GERMAN), "30 days")
    assert differs(Question(workspace_id="w", content=GERMAN), PASSAGE.record.text)
