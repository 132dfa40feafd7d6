"""Who asks for a person gets one; who merely mentions one is answered."""

import pytest

from tests.support.fakes import hit
from worker.answering import escalation
from worker.answering.question import Question


@pytest.mark.parametrize(
    "text",
    [
        "I want to talk to a human",
        "Can I speak with a real person please?",
        "connect me to an agent",
        "please transfer me to a representative",
        "get me a human!!",
        "Let me talk to someone real",
        "agent please",
        "I'd like to chat with your support staff",
    ],
)
def test_asking_for_a_person_is_understood(text):
    assert escalation.asks_for_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "I'd like a refund",
        "urgent question: when do you open?",
        "no need to call an agent, just tell me the price",
        "I don't want to talk to a person, I want an answer",
        "can another person pick up my parcel?",
        "Is there a delivery agent fee?",
        "Do I need to collect my parcel in person?",
        "I need to change the name of the person on my order",
        "Can you give a discount to staff?",
        "I want to send this gift to two people",
        "How do I reset my password?",
        "What does the personal details page show?",
    ],
)
def test_mentioning_one_is_not_asking(text):
    assert not escalation.asks_for_person(text)


def test_the_summary_tells_why_what_was_asked_and_what_was_found():
    question = Question(workspace_id="w", content="Where is\nmy parcel?", subject="Order 7")
    told = escalation.summary(question, "No answer.", [hit("x", title="Track your parcel")])
    assert told == (
        "No answer. The customer wrote: “Where is my parcel?” Subject: Order 7. Closest articles: Track your parcel."
    )
