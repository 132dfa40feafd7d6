"""An answer that is supported, or a person, and nothing paid for in vain."""

from tests.support.fakes import FakeAnswerer, FakeSearch, hit
from worker.answering.agent import Agent
from worker.answering.chat_api.errors import ModelError
from worker.answering.question import Question
from worker.conversations.outcomes import Answer, Handoff, Retry, WithheldDraft
from worker.conversations.sessions import Turn

COOKIES = hit("You can delete cookies in the browser.")
FAR = hit("You can delete cookies in the browser.", dense=0.1)


def ask(agent: Agent, content: str = "How do I delete cookies?", **fields: object):
    return agent.answer(Question(workspace_id="w", content=content, **fields))  # type: ignore[arg-type]


def test_hands_off_without_paying_for_a_model_call_when_nothing_relevant_is_found():
    model = FakeAnswerer("anything [1]")
    outcome = ask(Agent(knowledge=FakeSearch([FAR]), answerer=model), "Where is my parcel?")
    assert isinstance(outcome, Handoff)
    assert outcome.reason == "no_answer"
    assert model.calls == []


def test_an_answer_names_its_snapshot_model_and_times():
    outcome = ask(Agent(knowledge=FakeSearch([COOKIES]), answerer=FakeAnswerer("Delete cookies in the browser [1].")))
    assert isinstance(outcome, Answer)
    assert (outcome.snapshot, outcome.model, outcome.answerer) == ("1-abc", "fake", "llm")
    assert set(outcome.timings) == {"search_ms", "draft_ms", "check_ms"}


def test_a_customer_who_asks_for_a_person_costs_neither_search_nor_model():
    search, model = FakeSearch([COOKIES]), FakeAnswerer("x")
    outcome = ask(Agent(knowledge=search, answerer=model), "Let me talk to a human")
    assert outcome.reason == "asked_for_person"
    assert search.queries == model.calls == []


def test_what_the_subject_says_counts_with_the_first_message():
    agent = Agent(knowledge=FakeSearch([COOKIES]), answerer=FakeAnswerer("Delete cookies in the browser [1]."))
    assert ask(agent, "See above", subject="Let me talk to a human").reason == "asked_for_person"
    turns = (Turn(seq=1, role="customer", content="See above"), Turn(seq=2, role="assistant", content="Hello."))
    assert isinstance(ask(agent, subject="Let me talk to a human", turns=turns), Answer)


def test_an_unsupported_draft_is_handed_off_not_sent():
    outcome = ask(Agent(knowledge=FakeSearch([COOKIES]), answerer=FakeAnswerer("The moon is made of cheese [1].")))
    assert outcome.reason == "low_support"
    assert outcome.draft == WithheldDraft(
        text="The moon is made of cheese [1].", failed=("The moon is made of cheese.",)
    )


def test_a_model_without_an_answer_hands_off():
    outcome = ask(Agent(knowledge=FakeSearch([COOKIES]), answerer=FakeAnswerer(None)))
    assert outcome.reason == "no_answer"


def test_overload_is_retried_and_a_bad_key_is_not():
    busy = ModelError("busy", recovery="retry", after_s=3)
    outcome = ask(Agent(knowledge=FakeSearch([COOKIES]), answerer=FakeAnswerer(error=busy)))
    assert isinstance(outcome, Retry)
    assert outcome.after_s == 3
    refused = ModelError("bad key", recovery="give_up")
    outcome = ask(Agent(knowledge=FakeSearch([COOKIES]), answerer=FakeAnswerer(error=refused)))
    assert outcome.reason == "error"


def test_a_follow_up_too_short_to_stand_alone_brings_the_last_question_along():
    turns = (
        Turn(seq=1, role="customer", content="How do I delete cookies?"),
        Turn(seq=2, role="assistant", content="…"),
    )
    search = FakeSearch([COOKIES])
    ask(
        Agent(knowledge=search, answerer=FakeAnswerer("Delete cookies in the browser [1].")),
        "and on a phone?",
        turns=turns,
    )
    assert search.queries == ["and on a phone?", "How do I delete cookies? and on a phone?"]
