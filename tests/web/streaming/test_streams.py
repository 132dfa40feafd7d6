"""Open streams on one thread: wake-ups, limits and the end of all."""

import threading
import time

import pytest
import sqlalchemy as sa
from werkzeug.exceptions import TooManyRequests

from tests.support.fakes import accept, answer
from tests.web.streaming.sources import Source, event, read_until
from web.streaming import streams as module
from web.streaming.feeds import ConversationFeed, MessageFeed
from worker.access.keys import Principal
from worker.store.scope import Scope
from worker.store.tables import conversation
from worker.store.tables import event as event_table


@pytest.mark.alone
def test_a_wake_up_sends_new_events_at_once_and_a_lost_one_delays_them_by_a_second(take, services):
    workspace_id = services.keys.workspace()
    made = accept(services.store, workspace_id)
    with services.store.read() as connection:
        row = dict(connection.execute(sa.text("SELECT * FROM message")).mappings().one())
    client, ended = take(
        MessageFeed(services.deltas, Scope(services.store, workspace_id), row), conversation_id=made["conversation_id"]
    )
    read_until(client, b"event: queued")
    claim = services.mailbox.claim(made["conversation_id"])
    read_until(client, b"event: running")  # without a wake-up
    services.mailbox.finish(claim, answer("Yes."))
    began = time.monotonic()
    services.wakeups.send(made["conversation_id"])
    read_until(client, b"event: answered")
    assert time.monotonic() - began < 0.9
    assert ended.wait(5)


def principal(key: str, conversation_id: str | None = None) -> Principal:
    return Principal(key_id=key, workspace_id="ws", scopes=frozenset(), conversation_id=conversation_id)


def test_streams_are_limited_per_key_per_customer_and_in_total(streams, monkeypatch):
    first = streams.reserve(principal("key_1"))
    streams.reserve(principal("key_1"))
    with pytest.raises(TooManyRequests):
        streams.reserve(principal("key_1"))
    monkeypatch.setattr(module, "_MAX_PER_CUSTOMER", 1)
    streams.reserve(principal("key_1", "conv_1"))  # customers have a limit of their own
    with pytest.raises(TooManyRequests):
        streams.reserve(principal("key_1", "conv_1"))
    for number in range(7):
        streams.reserve(principal(f"key_{number + 2}"))
    with pytest.raises(TooManyRequests):
        streams.reserve(principal("key_11"))
    first()
    first()
    streams.reserve(principal("key_11"))
    with pytest.raises(TooManyRequests):
        streams.reserve(principal("key_12"))


def test_a_lost_wake_up_is_found_although_a_later_event_was_written_first(streams, services):
    workspace_id = services.keys.workspace()
    first, second = (accept(services.store, workspace_id)["conversation_id"] for _ in range(2))
    streams._changed_recently()
    services.mailbox.claim(second)
    assert streams._changed_recently() >= {second}
    with services.store.begin() as tx:  # as if committed late, with an id that was assigned earlier
        tx.execute(event_table.update().where(event_table.c.conversation_id == first).values(id=1_000_000))
        tx.execute(conversation.update().values(subject="x"))
    assert first in streams._changed_recently()


def test_a_long_event_log_is_sent_completely(take, services):
    workspace_id = services.keys.workspace()
    made = accept(services.store, workspace_id)
    conversation_id = made["conversation_id"]
    row = {
        "workspace_id": workspace_id,
        "conversation_id": conversation_id,
        "message_id": made["id"],
        "data": {},
        "created_at": 1,
    }
    with services.store.begin() as tx:
        tx.execute(event_table.insert(), [{**row, "type": "running"} for _ in range(350)])
    feed = ConversationFeed(services.deltas, Scope(services.store, workspace_id), conversation_id, last_id="0")
    client, _ended = take(feed, conversation_id=conversation_id)
    data = b""
    while data.count(b"event: running") < 350 and (more := client.recv(65_536)):
        data += more
    assert data.count(b"event: running") == 350


def test_streams_close_although_all_reader_threads_are_busy(streams, take):
    """The loop's own work on the reader threads is cancelled with them, and the loop continues."""
    source = Source(event(1))
    client, ended = take(source)
    read_until(client, b"id: 1")
    busy = threading.Event()
    for _ in range(50):
        streams.read(busy.wait, lambda _done: None)
    time.sleep(2 * module._TICK_S)  # the loop's own work is queued behind them
    streams.close()
    assert ended.wait(5)
    busy.set()


def test_messages_over_sockets_are_limited_per_conversation(streams, monkeypatch):
    assert all(streams.may_send("conv_1") for _ in range(module.MAX_PER_MINUTE))
    assert not streams.may_send("conv_1")
    assert streams.may_send("conv_2")
    monkeypatch.setattr(module, "_MAX_COUNTED", 1)
    assert not streams.may_send("conv_1")
