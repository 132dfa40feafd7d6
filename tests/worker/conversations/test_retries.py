"""An operator gives a message back to the bot, without answering twice or out of order."""

import pytest
import sqlalchemy as sa

from tests.support.fakes import TableClock, accept, answer, conversation_actions
from worker.conversations.outcomes import Handoff
from worker.errors import Conflict, NotFound
from worker.store.tables import conversation, event, message
from worker.turns.mailbox import LeaseLost, Mailbox


@pytest.fixture
def mailbox(store) -> Mailbox:
    return Mailbox(store, holder="one")


def hand_off(mailbox: Mailbox, conversation_id: str) -> None:
    mailbox.finish(mailbox.claim(conversation_id), Handoff(reason="error", summary="?", error={"code": "x"}))


def rows(store, conversation_id: str) -> list:
    with store.read() as connection:
        found = sa.select(message).where(message.c.conversation_id == conversation_id).order_by(message.c.seq)
        return connection.execute(found).all()


def test_a_retried_message_is_answered_with_what_came_after_it_and_has_its_time_again(store, workspace_id, mailbox):
    first = accept(store, workspace_id, "one", external_id="x", deadline_s=30)
    conversation_id = first["conversation_id"]
    hand_off(mailbox, conversation_id)
    accept(store, workspace_id, "two", external_id="x")
    TableClock.advance(store, 1_000)

    conversation_actions(store).retry(workspace_id, first["id"])

    claim = mailbox.claim(conversation_id)
    assert [message.content for message in claim.messages] == ["one", "two"]
    assert claim.attempts == 1
    assert claim.remaining_s == 30
    mailbox.finish(claim, answer())
    assert [row.state for row in rows(store, conversation_id)] == ["answered"] * 3
    with store.read() as connection:
        assert connection.execute(sa.select(conversation.c.owner)).scalar_one() == "bot"
        types = connection.execute(sa.select(event.c.type).where(event.c.message_id == first["id"])).scalars().all()
    assert types == ["queued", "running", "handed_off", "queued", "running", "answered"]


def test_what_was_answered_or_is_open_or_is_unknown_cannot_be_tried_again(store, workspace_id, mailbox):
    sent = accept(store, workspace_id)
    with pytest.raises(Conflict):
        conversation_actions(store).retry(workspace_id, sent["id"])
    mailbox.finish(mailbox.claim(sent["conversation_id"]), answer())
    with pytest.raises(Conflict):
        conversation_actions(store).retry(workspace_id, sent["id"])
    with pytest.raises(NotFound):
        conversation_actions(store).retry(workspace_id, "msg_unknown")
    with pytest.raises(NotFound):
        conversation_actions(store).retry("another", sent["id"])


@pytest.mark.parametrize("who", ["person", "bot"])
def test_nothing_is_answered_out_of_order_by_trying_again(store, workspace_id, mailbox, who):
    actions = conversation_actions(store)
    first = accept(store, workspace_id, "one", external_id="x")
    conversation_id = first["conversation_id"]
    hand_off(mailbox, conversation_id)
    if who == "person":
        actions.reply(workspace_id, conversation_id, content="I am on it", author="Ada")
    else:
        actions.resume(workspace_id, conversation_id)
        accept(store, workspace_id, "two", external_id="x")
        mailbox.finish(mailbox.claim(conversation_id), answer())
    with pytest.raises(Conflict):
        actions.retry(workspace_id, first["id"])


def test_trying_again_while_a_later_message_is_being_answered_loses_neither(store, workspace_id, mailbox):
    actions = conversation_actions(store)
    first = accept(store, workspace_id, "one", external_id="x")
    conversation_id = first["conversation_id"]
    hand_off(mailbox, conversation_id)
    actions.resume(workspace_id, conversation_id)
    accept(store, workspace_id, "two", external_id="x")
    running = mailbox.claim(conversation_id)
    actions.retry(workspace_id, first["id"])
    with pytest.raises(LeaseLost):
        mailbox.finish(running, answer("to two alone"))
    claim = mailbox.claim(conversation_id)
    assert [message.content for message in claim.messages] == ["one", "two"]
    mailbox.finish(claim, answer())
    assert {row.state for row in rows(store, conversation_id)} == {"answered"}


def test_a_second_retry_has_the_time_of_the_first_and_no_more(store, workspace_id, mailbox):
    sent = accept(store, workspace_id, deadline_s=30)
    conversation_id = sent["conversation_id"]
    for _ in range(3):
        hand_off(mailbox, conversation_id)
        TableClock.advance(store, 1_000)
        conversation_actions(store).retry(workspace_id, sent["id"])
    assert mailbox.claim(conversation_id).remaining_s == 30


def test_an_answer_to_what_came_before_does_not_stand_in_the_way(store, workspace_id):
    """The reply to the first takes its place after the second message, which was there already; it was said before."""
    mailbox = Mailbox(store, holder="one", burst="each")
    first = accept(store, workspace_id, "one", external_id="x")
    second = accept(store, workspace_id, "two", external_id="x")
    conversation_id = first["conversation_id"]
    mailbox.finish(mailbox.claim(conversation_id), answer())
    TableClock.advance(store, 1)
    hand_off(mailbox, conversation_id)
    conversation_actions(store).retry(workspace_id, second["id"])
    mailbox.finish(mailbox.claim(conversation_id), answer())
    assert {row.state for row in rows(store, conversation_id)} == {"answered"}


def test_what_was_taken_for_automatic_mail_can_be_answered_even_in_a_closed_conversation(store, workspace_id, mailbox):
    sent = accept(store, workspace_id, "Fine.", external_id="x", declared_automatic=True)
    other = accept(store, workspace_id, "Fine again.", external_id="x", declared_automatic=True)
    actions = conversation_actions(store)
    actions.close(workspace_id, sent["conversation_id"])
    actions.retry(workspace_id, sent["id"])
    claim = mailbox.claim(sent["conversation_id"])
    assert [message.content for message in claim.messages] == ["Fine."]
    mailbox.finish(claim, answer())
    assert [row.state for row in rows(store, sent["conversation_id"])] == ["answered", "cancelled", "answered"]
    with pytest.raises(Conflict):
        actions.retry(workspace_id, sent["id"])
    with pytest.raises(Conflict, match="out of order"):
        actions.retry(workspace_id, other["id"])


def test_what_an_operator_cancelled_stays_so(store, workspace_id, mailbox):
    sent = accept(store, workspace_id)
    actions = conversation_actions(store)
    actions.cancel(workspace_id, sent["id"])
    with pytest.raises(Conflict):
        actions.retry(workspace_id, sent["id"])
