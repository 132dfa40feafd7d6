"""The agents' inbox shows who needs a human first, and what an agent needs to take a conversation."""

import pytest

from tests.support.fakes import TableClock, accept, answer, conversation_actions
from worker.conversations import inbox
from worker.conversations.inbox_lists import Listed, View, counts
from worker.conversations.intake import Submission
from worker.conversations.outcomes import Handoff, WithheldDraft
from worker.states import HandoffReason, Priority
from worker.store.scope import Scope
from worker.turns.mailbox import Mailbox


@pytest.fixture
def scope(store, workspace_id) -> Scope:
    return Scope(store, workspace_id)


@pytest.fixture
def hand_off(store, workspace_id):
    """Have the bot hand off a new message a second later; return its conversation."""
    mailbox = Mailbox(store, holder="one")

    def do(text: str, priority: Priority = Priority.NORMAL, **handoff: object) -> str:
        TableClock.advance(store, 1)
        sent = accept(store, workspace_id, text)
        handoff = {"reason": HandoffReason.RULE, "summary": text, **handoff}
        mailbox.finish(mailbox.claim(sent["conversation_id"]), Handoff(priority=priority, **handoff))
        return sent["conversation_id"]

    return do


def listed(scope, view, limit=2) -> list[str]:
    """Return the ids of all pages of a view."""
    ids, cursor = [], None
    while True:
        rows, cursor = inbox.page(scope, Listed(view=view), after=cursor, limit=limit)
        ids += [row["id"] for row in rows]
        if cursor is None:
            return ids


def test_the_most_urgent_comes_first_and_then_who_waits_longest(scope, hand_off):
    chat = hand_off("Who won the world cup?")
    later = hand_off("Where is my parcel?")
    legal = hand_off("My lawyer will write", Priority.HIGH)
    danger = hand_off("I cannot go on", Priority.URGENT, category="self_harm")
    other = hand_off("It burns", Priority.URGENT, category="safety")
    assert listed(scope, View.WAITING) == [danger, other, legal, chat, later]


def test_who_got_a_reply_waits_no_more_until_they_write_again(store, workspace_id, scope, hand_off):
    actions = conversation_actions(store)
    first, second = hand_off("one"), hand_off("two")
    actions.reply(workspace_id, first, content="Hello!", author="Grace")
    assert listed(scope, View.WAITING) == [second]
    assert listed(scope, View.REPLIED) == [first]
    TableClock.advance(store, 60)
    actions.accept(workspace_id, first, Submission(content="And now?", deadline_s=60))
    assert listed(scope, View.WAITING) == [second, first]
    actions.resume(workspace_id, second)
    actions.close(workspace_id, first)
    assert listed(scope, View.WAITING) == []
    assert (listed(scope, View.BOT), listed(scope, View.CLOSED)) == ([second], [first])


def test_conversations_with_humans_who_replied_come_by_their_last_change(store, workspace_id, scope, hand_off):
    actions = conversation_actions(store)
    ids = [hand_off(f"question {number}") for number in range(3)]
    for id in (ids[1], ids[2], ids[0]):
        TableClock.advance(store, 1)
        actions.reply(workspace_id, id, content="So.", author="Grace")
    assert listed(scope, View.REPLIED) == [ids[0], ids[2], ids[1]]
    rows, _ = inbox.page(scope, Listed(view=View.REPLIED))
    assert [row["title"] for row in rows] == ["question 0", "question 2", "question 1"]
    assert rows[0]["escalation"]["assignee"] == "Grace"


def test_the_views_are_counted_also_within_a_search(store, workspace_id, scope, hand_off):
    hand_off("Do you have a store in Berlin?")
    replied = hand_off("Is it far from Berlin?")
    conversation_actions(store).reply(workspace_id, replied, content="No.", author="Grace")
    accept(store, workspace_id, "How can I pay?")
    assert counts(scope) == {None: 3, View.WAITING: 1, View.REPLIED: 1, View.BOT: 1, View.CLOSED: 0}
    assert counts(scope, Listed(search="berlin"))[None] == 2
    assert counts(scope, Listed(search="far"))[View.WAITING] == 0


@pytest.mark.parametrize("search", ["ada@shop", "Ada", "order-7"])
def test_a_conversation_is_found_by_its_customer_and_by_its_id_in_the_desk(store, workspace_id, scope, search):
    requester = {"name": "Ada", "email": "ada@shop.example"}
    found = accept(store, workspace_id, external_id="order-7", requester=requester)
    accept(store, workspace_id, external_id="other")

    rows, _ = inbox.page(scope, Listed(search=search))

    assert [row["id"] for row in rows] == [found["conversation_id"]]


def test_a_transcript_shows_how_an_answer_was_made(store, workspace_id, scope):
    sent = accept(store, workspace_id, "How?")
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(sent["conversation_id"]), answer("So."))

    transcript = inbox.transcript(scope, sent["conversation_id"])

    question, reply = transcript.messages
    assert transcript.conversation["title"] == "How?"
    assert (question["content"], question["calls"]) == ("How?", [])
    assert (reply["content"], reply["how"]["answerer"], reply["timings"]) == ("So.", "fake", {})
    assert (reply["calls"], reply["retrieved"]) == ([], None)
    assert transcript.escalation is None


def test_a_draft_that_failed_the_check_is_kept_for_the_agent_until_the_bot_tries_again(
    store, workspace_id, scope, hand_off
):
    draft = WithheldDraft(text="It is free. It flies.\x00", failed=("It flies.\x00",))
    id = hand_off("Is it free?", draft=draft)
    (message,) = inbox.transcript(scope, id).messages
    assert message["draft"] == {"text": "It is free. It flies.", "failed": ["It flies."]}
    conversation_actions(store).retry(workspace_id, message["id"])
    (message,) = inbox.transcript(scope, id).messages
    assert message["draft"] is None
