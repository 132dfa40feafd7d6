"""The handoff of a message and its summary."""

from tests.support.fakes import hit
from tests.worker.answering.triage.test_escalation import said
from worker.answering import handoffs
from worker.answering.question import Question


def test_the_summary_tells_why_what_was_asked_what_was_tried_and_what_was_found():
    question = Question(
        workspace_id="w",
        content="Where is\nmy parcel?",
        subject="Order 7",
        turns=said("Hello", "Hi, how can I help?"),
    )
    told = handoffs.summary(question, "No answer.", [hit("x", title="Track your parcel")], tried=("order look-up",))
    assert told == (
        "No answer. The customer wrote: “Where is my parcel?” Subject: Order 7. "
        "Earlier messages in this conversation: 1. Last answer: “Hi, how can I help?” "
        "Tried: order look-up. Closest articles: Track your parcel."
    )
