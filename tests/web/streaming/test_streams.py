"""Open streams on one thread: delivery, heartbeats, limits, and slow or disconnected clients."""

import socket
import threading
import time

import pytest
import sqlalchemy as sa
from werkzeug.exceptions import TooManyRequests

from tests.support.fakes import accept, answer
from tests.support.processes import wait_for
from web.streaming import connections
from web.streaming import streams as module
from web.streaming.feeds import ConversationFeed, MessageFeed, StreamEvent
from web.streaming.responses import ServerSentEvents
from web.streaming.streams import Streams
from web.streaming.subscriptions import Subscription
from worker.access.keys import Principal
from worker.store.scope import Scope
from worker.store.tables import conversation
from worker.store.tables import event as event_table

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Source:
    """A source with given events."""

    def __init__(self, *events: StreamEvent):
        self.waiting = list(events)
        self.ended = self.more = False
        self.alive = True
        self.fails = False

    def poll(self):
        if self.fails:
            raise OSError("no database")
        events, self.waiting = self.waiting, []
        return events

    def exists(self):
        return self.alive


def event(number: int, size: int = 0) -> StreamEvent:
    return StreamEvent(id=str(number), type="delta", data={"text": "x" * size})


@pytest.fixture
def streams(services):
    made = Streams(services.store, services.wakeups, services.counters, max_total=10, max_per_key=2)
    yield made
    made.close()


@pytest.fixture
def take(streams):
    """Open a stream; return the client's socket, and an event that is set when the stream has ended."""
    opened = []

    def begin(source, *, conversation_id="conv_1", buffer=0, **more):
        server, client = socket.socketpair()
        if buffer:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        ended = threading.Event()
        subscription = Subscription(
            conversation_id=conversation_id, source=source, format=ServerSentEvents(), release=ended.set, **more
        )
        streams.take(server, HEAD, subscription)
        client.settimeout(5)
        opened.append(client)
        return client, ended

    yield begin
    for client in opened:
        client.close()


def read_until(client, text: bytes) -> bytes:
    data = b""
    while text not in data and (piece := client.recv(65_536)):
        data += piece
    return data


def test_a_stream_sends_its_events_and_ends(take):
    source = Source(event(1))
    source.ended = True
    client, ended = take(source)
    assert read_until(client, b"no such text") == HEAD + event(1).frame.encode()
    assert ended.wait(5)


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


def test_a_client_that_disconnects_releases_its_stream(take, streams):
    client, ended = take(Source(event(1)))
    read_until(client, b"event")
    client.close()
    assert ended.wait(5)


def test_no_events_are_read_for_a_stuck_client_and_its_connection_times_out(take, monkeypatch):
    monkeypatch.setattr(connections, "WRITE_TIMEOUT_S", 0.5)
    source = Source(event(1, size=1_000_000))
    client, ended = take(source, buffer=4_096)
    wait_for(lambda: not source.waiting, what="the first event")
    source.waiting = [event(2)]
    assert ended.wait(5)
    assert source.waiting, "events were read for a client that reads nothing"
    client.close()


def test_a_slow_client_receives_all_events(take):
    source = Source(event(1, size=1_000_000))
    client, _ended = take(source, buffer=4_096)
    wait_for(lambda: not source.waiting, what="the first event")
    source.waiting = [event(2)]
    assert b"id: 2" in read_until(client, b"id: 2")


def test_an_idle_stream_gets_heartbeats_and_an_old_one_is_closed(take, monkeypatch):
    monkeypatch.setattr(connections, "HEARTBEAT_S", 0.2)
    client, _ended = take(Source())
    assert b": heartbeat" in read_until(client, b": heartbeat")
    monkeypatch.setattr(connections, "MAX_S", 0.1)
    assert read_until(client, b"no such text").count(b"event") == 0


def test_a_stream_ends_when_its_conversation_is_erased(take, monkeypatch):
    monkeypatch.setattr(connections, "HEARTBEAT_S", 0.2)
    source = Source()
    source.alive = False
    _client, ended = take(source)
    assert ended.wait(5)


def test_a_stream_whose_source_fails_ends_so_that_the_client_reconnects(take):
    source = Source()
    source.fails = True
    client, ended = take(source)
    assert read_until(client, b"no such text") == HEAD
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


def test_a_stream_ends_when_its_key_is_revoked(take, monkeypatch):
    monkeypatch.setattr(connections, "HEARTBEAT_S", 0.2)
    _client, ended = take(Source(), valid=lambda: False)
    assert ended.wait(5)


def test_an_ended_stream_that_nobody_reads_times_out(take, monkeypatch):
    monkeypatch.setattr(connections, "WRITE_TIMEOUT_S", 0.5)
    source = Source(event(1, size=30_000))
    source.ended = True
    _client, ended = take(source, buffer=4_096)
    assert ended.wait(8)


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
