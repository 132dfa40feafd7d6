"""The log of events: one for each message that changed, in order, and nothing beside it."""

import sqlalchemy as sa

from tests.support.fakes import accept
from worker.conversations.events import record_conversation_event, record_events
from worker.states import EventType
from worker.store.rows import Conversation, Event, Message
from worker.store.tables import conversation, delivery, event, message


def messages(store) -> list[Message]:
    with store.read() as connection:
        rows = connection.execute(sa.select(message).order_by(message.c.seq)).mappings()
        return [Message.from_row(row) for row in rows]


def recorded(store) -> list[Event]:
    with store.read() as connection:
        rows = connection.execute(sa.select(event).order_by(event.c.id)).mappings()
        return [Event.from_row(row) for row in rows]


def test_each_message_has_an_event_of_its_own_in_the_order_given(store, workspace_id):
    for text in ("one", "two", "three"):
        accept(store, workspace_id, text, external_id="x")
    changed = messages(store)

    with store.begin() as tx:
        events = record_events(tx, changed, EventType.CANCELLED, now=5, data={"why": "test"})

    assert [row.message_id for row in events] == [row.id for row in changed]
    assert recorded(store)[-3:] == events
    assert sorted(row.id for row in events) == [row.id for row in events]


def test_one_message_is_recorded_with_its_id_and_data(store, workspace_id):
    accept(store, workspace_id)

    with store.begin() as tx:
        (row,) = record_events(tx, messages(store), EventType.RUNNING, now=7)

    assert recorded(store)[-1] == row
    assert (row.type, row.data, row.created_at) == (EventType.RUNNING, {}, 7)


def test_nothing_is_recorded_for_no_messages(store):
    with store.begin() as tx:
        assert record_events(tx, [], EventType.RUNNING, now=7) == []


def test_recording_an_event_enqueues_no_delivery_by_itself(store, workspace_id):
    accept(store, workspace_id, callback_url="https://desk.example/hook")
    with store.read() as connection:
        known = Conversation.from_row(connection.execute(sa.select(conversation)).mappings().one())

    with store.begin() as tx:
        record_events(tx, messages(store), EventType.CANCELLED, now=5)
        closed = record_conversation_event(tx, known, EventType.CONVERSATION_CLOSED, now=5)

    assert (closed.conversation_id, closed.message_id) == (known.id, None)
    with store.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(delivery)).scalar_one() == 0
