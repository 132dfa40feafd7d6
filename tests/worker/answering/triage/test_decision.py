"""The steps before a search, in their order."""

from worker.answering.question import Question
from worker.answering.triage.decision import decide
from worker.answering.triage.recogniser import recognise_nothing
from worker.answering.triage.rules import Rule
from worker.conversations.outcomes import Answer, Handoff
from worker.states import HandoffReason, ReplyKind
from worker.voice.voice import Topic, Voice


def decided(content: str, *, rules=(), has_model=False, **fields):
    question = Question(workspace_id="w", content=content, **fields)
    return decide(question, recognise=recognise_nothing, rules_of_desk=rules, similarity=None, has_model=has_model)


def test_a_question_has_to_be_answered():
    assert decided("How do I return a parcel?") is None


def test_a_message_without_text_is_no_question_but_a_humans():
    alone = decided("", has_model=True)
    assert isinstance(alone, Handoff)
    assert alone.summary == "The message has no text, such as a picture alone."


def test_a_danger_counts_before_a_rule_and_a_rule_before_small_talk():
    rule = Rule(name="greetings", phrases=("hello",))
    danger = decided("Hello, the battery caught fire", rules=[rule])
    assert isinstance(danger, Handoff)
    assert danger.category == "safety"
    ruled = decided("Hello", rules=[rule])
    assert isinstance(ruled, Handoff)
    assert ruled.category == "rule:greetings"
    greeted = decided("Hello")
    assert isinstance(greeted, Answer)
    assert greeted.kind == ReplyKind.COURTESY


def test_a_question_about_the_assistant_is_no_request_for_a_human():
    reply = decided("Am I talking to a real person?")
    assert isinstance(reply, Answer)
    assert isinstance(asked := decided("Let me talk to a real person"), Handoff)
    assert asked.reason == HandoffReason.ASKED_FOR_HUMAN


def test_an_avoided_topic_is_handed_off():
    voice = Voice(avoided_topics=(Topic(name="prices", phrases=("discount",)),))
    restricted = decided("Is there a discount?", voice=voice)
    assert isinstance(restricted, Handoff)
    assert restricted.category == "topic:prices"
