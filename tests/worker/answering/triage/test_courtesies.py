"""Replies that need no search come in the right order: a rule of the desk first, then a request for a human."""

from tests.support.fakes import FakeAnswerer, FakeSearch, hit
from worker.answering.agent import Agent
from worker.answering.question import Question, Turn
from worker.conversations.outcomes import Answer, Handoff
from worker.states import HandoffReason, ReplyKind
from worker.voice.voice import Voice

PICK_UP = hit("Show the pick-up code of your parcel with DHL.")


def ask(content: str, *, subject: str | None = None, turns=(), name: str = "extractive") -> Answer | Handoff:
    answerer = FakeAnswerer("Show the pick-up code of your parcel with DHL [1].")
    answerer.name = name
    agent = Agent(knowledge=FakeSearch([PICK_UP]), answerer=answerer)
    said = tuple(Turn(seq=number, role=role, content=text) for number, (role, text) in enumerate(turns, 1))
    question = Question(workspace_id="ws", content=content, subject=subject, turns=said, voice=Voice(name="Mia"))
    return agent.answer(question)


def test_a_question_whether_it_is_human_is_answered_and_not_handed_off():
    outcome = ask("Am I talking to a real person?")
    assert isinstance(outcome, Answer)
    assert outcome.kind == ReplyKind.COURTESY
    assert outcome.content.startswith("I am Mia, an automated assistant, not a human.")


def test_who_asks_for_a_human_in_the_same_breath_gets_one():
    outcome = ask("Are you a bot? I want to talk to a human.")
    assert isinstance(outcome, Handoff)
    assert outcome.reason == HandoffReason.ASKED_FOR_HUMAN


def test_an_alarm_in_the_subject_is_not_overlooked():
    assert isinstance(ask("Are you a bot?", subject="My account was hacked"), Handoff)


def test_an_acknowledgement_is_not_searched_for():
    turns = (("customer", "How do I pick up my parcel?"), ("assistant", "Show the code [1]."))
    outcome = ask("ok thanks, will try", turns=turns)
    assert isinstance(outcome, Answer)
    assert outcome.kind == ReplyKind.COURTESY


def test_a_number_alone_goes_to_a_human_unless_a_model_can_use_it():
    turns = (("customer", "Where is my parcel?"), ("assistant", "Which number does it have?"))
    outcome = ask("It is DHL number 003404", turns=turns)
    assert isinstance(outcome, Handoff)
    assert "which a human has to look up" in outcome.summary
    assert isinstance(ask("It is DHL number 003404", turns=turns, name="llm"), Answer)
