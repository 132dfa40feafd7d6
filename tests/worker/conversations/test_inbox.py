"""The agents' inbox finds a conversation and shows what an agent needs to take it."""

import pytest

from tests.support.fakes import TableClock, accept, answer, conversation_actions
from worker.conversations import inbox
from worker.states import Owner
from worker.store.scope import Scope
from worker.turns.mailbox import Mailbox


@pytest.fixture
def scope(store, workspace_id) -> Scope:
    return Scope(store, workspace_id)


def test_conversations_with_humans_come_by_their_last_change_with_their_escalation(store, workspace_id, scope):
    actions = conversation_actions(store)
    ids = [accept(store, workspace_id, f"question {number}")["conversation_id"] for number in range(3)]
    for id in (ids[1], ids[2], ids[0]):
        TableClock.advance(store, 1)
        actions.take_over(workspace_id, id, summary=f"handoff of {id}")

    first, cursor = inbox.page(scope, owner=Owner.HUMAN, limit=2)
    second, _ = inbox.page(scope, owner=Owner.HUMAN, after=cursor, limit=2)

    rows = [*first, *second]
    assert [row["id"] for row in rows] == [ids[0], ids[2], ids[1]]
    assert [row["title"] for row in rows] == ["question 0", "question 2", "question 1"]
    assert rows[0]["escalation"]["summary"] == f"handoff of {ids[0]}"


@pytest.mark.parametrize("search", ["ada@shop", "Ada", "order-7"])
def test_a_conversation_is_found_by_its_customer_and_by_its_id_in_the_desk(store, workspace_id, scope, search):
    requester = {"name": "Ada", "email": "ada@shop.example"}
    found = accept(store, workspace_id, external_id="order-7", requester=requester)
    accept(store, workspace_id, external_id="other")

    rows, _ = inbox.page(scope, search=search)

    assert [row["id"] for row in rows] == [found["conversation_id"]]


def test_a_transcript_shows_how_an_answer_was_made(store, workspace_id, scope):
    sent = accept(store, workspace_id, "How?")
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(sent["conversation_id"]), answer("So."))

    transcript = inbox.transcript(scope, sent["conversation_id"])

    question, reply = transcript.messages
    assert (question["content"], question["calls"]) == ("How?", [])
    assert (reply["content"], reply["how"]["answerer"], reply["timings"]) == ("So.", "fake", {})
    assert transcript.escalation is None
