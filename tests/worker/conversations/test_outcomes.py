"""Outcomes in a form that every database and client takes."""

from tests.support.fakes import accept
from worker.conversations import outcomes
from worker.conversations.outcomes import Handoff, Usage
from worker.states import HandoffReason, Priority
from worker.turns.mailbox import Mailbox


def test_a_handoff_has_its_reason_as_its_category_unless_more_is_known():
    handoff = Handoff(reason=HandoffReason.NO_ANSWER, summary="?", reasons=("“refund”",))

    assert handoff.to_api() == {
        "reason": "no_answer",
        "summary": "?",
        "escalation_id": None,
        "category": "no_answer",
        "priority": Priority.NORMAL,
        "reasons": ["“refund”"],
    }


def test_characters_that_no_database_takes_are_left_out_of_a_handoff():
    handoff = Handoff(reason=HandoffReason.ERROR, summary="a\x00b\ud800", category="legal" * 100)

    assert handoff.to_api()["summary"] == "ab?"
    assert len(handoff.to_api()["category"]) == 200


def test_an_overdue_handoff_quotes_what_the_customer_wrote(store, workspace_id):
    sent = accept(store, workspace_id, "Where  is\nmy parcel?")
    claim = Mailbox(store, holder="one").claim(sent["conversation_id"])

    handoff = outcomes.overdue(claim.messages)

    assert handoff.reason == HandoffReason.DEADLINE
    assert handoff.summary.endswith("The customer wrote: Where is my parcel?")


def test_a_handoff_after_too_many_attempts_quotes_what_the_customer_wrote(store, workspace_id):
    sent = accept(store, workspace_id, "Where is\nmy parcel?")
    claim = Mailbox(store, holder="one").claim(sent["conversation_id"])

    handoff = outcomes.given_up(claim.messages, attempts=5)

    assert handoff.summary == "No answer after 5 attempts. The customer wrote: Where is my parcel?"
    assert handoff.error["code"] == "too_many_attempts"


def test_usage_adds_up():
    usage = Usage(prompt_tokens=1, completion_tokens=2, cost_usd=0.5)

    assert usage.plus(usage) == Usage(prompt_tokens=2, completion_tokens=4, cost_usd=1.0)
