"""The parts of a transaction on a conversation: locked, fenced off, settled, handed off."""

import pytest
import sqlalchemy as sa

from tests.support.fakes import TableClock, accept
from worker.conversations.ledger import Ledger
from worker.conversations.outcomes import Handoff
from worker.errors import NotFound
from worker.states import EventType, HandoffReason, MailboxState, MessageState, Owner
from worker.store.rows import Conversation, Message
from worker.store.tables import conversation, event, message


@pytest.fixture
def ledger(store) -> Ledger:
    return Ledger(store)


def conversation_of(store, id: str) -> Conversation:
    with store.read() as connection:
        statement = sa.select(conversation).where(conversation.c.id == id)
        return Conversation.from_row(connection.execute(statement).mappings().one())


def messages_of(store, conversation_id: str) -> list[Message]:
    statement = sa.select(message).where(message.c.conversation_id == conversation_id).order_by(message.c.seq)
    with store.read() as connection:
        return [Message.from_row(row) for row in connection.execute(statement).mappings()]


def test_a_seized_conversation_has_a_new_token_and_the_time_of_the_transaction(store, workspace_id, ledger):
    id = accept(store, workspace_id)["conversation_id"]
    before = conversation_of(store, id)
    TableClock.advance(store, 1)

    with store.begin() as tx:
        seized = ledger.seize(tx, conversation.c.id == id)

    assert seized.lease_token == before.lease_token + 1
    assert seized.updated_at == before.updated_at + 1_000
    assert conversation_of(store, id) == seized


def test_an_unknown_conversation_cannot_be_locked(store, ledger):
    with store.begin() as tx, pytest.raises(NotFound):
        ledger.touch(tx, conversation.c.id == "conv_unknown")


def test_a_mailbox_is_settled_as_ready_only_while_a_message_is_open(store, workspace_id, ledger):
    id = accept(store, workspace_id)["conversation_id"]
    with store.begin() as tx:
        assert ledger.settle(tx, ledger.touch(tx, conversation.c.id == id))
        tx.execute(message.update().values(state=MessageState.CANCELLED))
        assert not ledger.settle(tx, ledger.touch(tx, conversation.c.id == id), owner=Owner.CLOSED)

    settled = conversation_of(store, id)
    assert (settled.mailbox, settled.due_at, settled.owner) == (MailboxState.IDLE, None, Owner.CLOSED)


def test_a_handoff_takes_the_messages_behind_it_along_but_not_its_error(store, workspace_id, ledger):
    id = accept(store, workspace_id, "one", external_id="x")["conversation_id"]
    accept(store, workspace_id, "two", external_id="x")
    handoff = Handoff(reason=HandoffReason.ERROR, summary="?", error={"code": "x"}, retrieved={"query": "one"})

    with store.begin() as tx:
        locked = ledger.seize(tx, conversation.c.id == id)
        ledger.hand_off(tx, locked, ledger.open_messages(tx, id, limit=1), handoff)

    first, behind = messages_of(store, id)
    assert (first.state, behind.state) == (MessageState.HANDED_OFF, MessageState.HANDED_OFF)
    assert (first.error, behind.error) == ({"code": "x"}, None)
    assert (first.retrieved, behind.retrieved) == ({"query": "one"}, None)
    assert (first.handoff["reason"], behind.handoff["reason"]) == ("error", "owned_by_person")
    assert first.handoff["escalation_id"] == behind.handoff["escalation_id"]
    assert conversation_of(store, id).owner == Owner.HUMAN


def test_a_handoff_is_recorded_between_its_message_and_those_behind_it(store, workspace_id, ledger):
    first = accept(store, workspace_id, "one", external_id="x")
    behind = accept(store, workspace_id, "two", external_id="x")
    id = first["conversation_id"]

    with store.begin() as tx:
        locked = ledger.seize(tx, conversation.c.id == id)
        handoff = Handoff(reason=HandoffReason.NO_ANSWER, summary="?")
        ledger.hand_off(tx, locked, ledger.open_messages(tx, id, limit=1), handoff)

    with store.read() as connection:
        statement = sa.select(event.c.type, event.c.message_id).where(event.c.type != EventType.QUEUED)
        events = [tuple(row) for row in connection.execute(statement.order_by(event.c.id))]
    assert events == [
        ("handed_off", first["id"]),
        ("conversation.handed_off", None),
        ("handed_off", behind["id"]),
    ]
