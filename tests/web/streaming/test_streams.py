"""Open streams on one thread: what a client gets, and what becomes of one that is slow, gone or one too many."""

import socket
import threading
import time

import pytest
import sqlalchemy as sa
from werkzeug.exceptions import TooManyRequests
from wsproto import ConnectionType, WSConnection
from wsproto.events import Ping, Request, TextMessage

from tests.support.fakes import accept, answer
from tests.support.processes import wait_for
from web.streaming import streams as module
from web.streaming.feeds import ConversationFeed, MessageFeed, Told
from web.streaming.responses import EventLines
from web.streaming.sockets import WebSocketWire
from web.streaming.streams import Streams, Telling
from worker.access.keys import Principal
from worker.store.scope import Scope
from worker.store.tables import conversation
from worker.store.tables import event as event_table

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Source:
    """Tells what it is given."""

    def __init__(self, *told: Told):
        self.waiting = list(told)
        self.ended = self.more = False
        self.alive = True
        self.fails = False

    def look(self):
        if self.fails:
            raise OSError("no database")
        told, self.waiting = self.waiting, []
        return told

    def lives(self):
        return self.alive


def event(number: int, size: int = 0) -> Told:
    return Told(id=str(number), type="delta", data={"text": "x" * size})


@pytest.fixture
def streams(built):
    made = Streams(built, most=10, most_of_key=2)
    yield made
    made.close()


@pytest.fixture
def take(streams):
    """Open a stream; returns the client's end, and an event that is set when the stream has ended."""
    opened = []

    def begin(source, *, conversation_id="conv_1", buffer=0, **more):
        ours, client = socket.socketpair()
        if buffer:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        ended = threading.Event()
        told = Telling(conversation_id=conversation_id, source=source, wire=EventLines(), end=ended.set, **more)
        streams.take(ours, HEAD, told)
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


def test_a_stream_tells_and_ends(take):
    source = Source(event(1))
    source.ended = True
    client, ended = take(source)
    assert read_until(client, b"no such text") == HEAD + event(1).frame.encode()
    assert ended.wait(5)


@pytest.mark.alone
def test_a_wake_up_is_told_and_a_lost_one_a_second_later(take, built):
    workspace_id = built.keys.workspace()
    made = accept(built.store, workspace_id)
    with built.store.read() as connection:
        row = dict(connection.execute(sa.text("SELECT * FROM message")).mappings().one())
    client, ended = take(
        MessageFeed(built, Scope(built.store, workspace_id), row), conversation_id=made["conversation_id"]
    )
    read_until(client, b"event: queued")
    claim = built.mailbox.claim(made["conversation_id"])
    read_until(client, b"event: running")  # nobody sent a wake-up
    built.mailbox.finish(claim, answer("Yes."))
    began = time.monotonic()
    built.wakeups.send(made["conversation_id"])
    read_until(client, b"event: answered")
    assert time.monotonic() - began < 0.9
    assert ended.wait(5)


def test_a_client_that_goes_gives_its_place_back(take, streams):
    client, ended = take(Source(event(1)))
    read_until(client, b"event")
    client.close()
    assert ended.wait(5)


def test_who_takes_nothing_is_not_read_for_and_given_up_after_a_while(take, monkeypatch):
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.5)
    source = Source(event(1, size=1_000_000))
    client, ended = take(source, buffer=4_096)
    wait_for(lambda: not source.waiting, what="the first event")
    source.waiting = [event(2)]
    assert ended.wait(5)
    assert source.waiting, "it was read for, although it took nothing"
    client.close()


def test_a_slow_client_gets_it_all(take):
    source = Source(event(1, size=1_000_000))
    client, _ended = take(source, buffer=4_096)
    wait_for(lambda: not source.waiting, what="the first event")
    source.waiting = [event(2)]
    assert b"id: 2" in read_until(client, b"id: 2")


def test_the_quiet_are_told_that_the_stream_lives_and_the_old_are_ended(take, monkeypatch):
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.2)
    client, _ended = take(Source())
    assert b": still here" in read_until(client, b": still here")
    monkeypatch.setattr(module, "MAX_S", 0.1)
    assert read_until(client, b"no such text").count(b"event") == 0


def test_a_stream_of_what_was_erased_ends(take, monkeypatch):
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.2)
    source = Source()
    source.alive = False
    _client, ended = take(source)
    assert ended.wait(5)


def test_a_stream_that_cannot_be_read_ends_and_the_client_comes_back(take):
    source = Source()
    source.fails = True
    client, ended = take(source)
    assert read_until(client, b"no such text") == HEAD
    assert ended.wait(5)


def who(key: str, conversation_id: str | None = None) -> Principal:
    return Principal(key_id=key, workspace_id="ws", scopes=frozenset(), conversation_id=conversation_id)


def test_nobody_has_more_streams_than_they_may(streams, monkeypatch):
    first = streams.reserve(who("key_1"))
    streams.reserve(who("key_1"))
    with pytest.raises(TooManyRequests):
        streams.reserve(who("key_1"))
    monkeypatch.setattr(module, "_MAX_OF_CUSTOMER", 1)
    streams.reserve(who("key_1", "conv_1"))  # customers count for themselves
    with pytest.raises(TooManyRequests):
        streams.reserve(who("key_1", "conv_1"))
    for number in range(7):
        streams.reserve(who(f"key_{number + 2}"))
    with pytest.raises(TooManyRequests):
        streams.reserve(who("key_11"))
    first()
    first()
    streams.reserve(who("key_11"))
    with pytest.raises(TooManyRequests):
        streams.reserve(who("key_12"))


def test_a_lost_wake_up_is_found_although_a_later_event_was_written_first(streams, built):
    workspace_id = built.keys.workspace()
    first, second = (accept(built.store, workspace_id)["conversation_id"] for _ in range(2))
    streams._changed_lately()
    built.mailbox.claim(second)
    assert streams._changed_lately() >= {second}
    with built.store.begin() as tx:  # committed late, under an id that was given out before
        tx.execute(event_table.update().where(event_table.c.conversation_id == first).values(id=1_000_000))
        tx.execute(conversation.update().values(subject="x"))
    assert first in streams._changed_lately()


def test_all_of_a_long_log_is_told_at_once(take, built):
    workspace_id = built.keys.workspace()
    made = accept(built.store, workspace_id)
    talk = made["conversation_id"]
    row = {"workspace_id": workspace_id, "conversation_id": talk, "message_id": made["id"], "data": {}, "created_at": 1}
    with built.store.begin() as tx:
        tx.execute(event_table.insert(), [{**row, "type": "running"} for _ in range(350)])
    feed = ConversationFeed(built, Scope(built.store, workspace_id), talk, last_id="0")
    client, _ended = take(feed, conversation_id=talk)
    data = b""
    while data.count(b"event: running") < 350 and (more := client.recv(65_536)):
        data += more
    assert data.count(b"event: running") == 350


def test_who_may_not_any_more_is_told_nothing_more(take, monkeypatch):
    monkeypatch.setattr(module, "HEARTBEAT_S", 0.2)
    _client, ended = take(Source(), valid=lambda: False)
    assert ended.wait(5)


def test_an_ended_stream_that_nobody_reads_is_given_up(take, monkeypatch):
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.5)
    source = Source(event(1, size=30_000))
    source.ended = True
    _client, ended = take(source, buffer=4_096)
    assert ended.wait(8)


def test_streams_are_ended_although_no_reader_is_free(streams, take):
    """What the loop waits for on a reader's thread is cancelled with the readers; the loop goes on."""
    source = Source(event(1))
    client, ended = take(source)
    read_until(client, b"id: 1")
    busy = threading.Event()
    for _ in range(50):
        streams.read(busy.wait, lambda _done: None)
    time.sleep(2 * module._TICK_S)  # the sweep stands in line behind them
    streams.close()
    assert ended.wait(5)
    busy.set()


def test_a_conversation_gets_so_many_messages_over_all_its_sockets(streams, monkeypatch):
    assert all(streams.may_say("conv_1") for _ in range(module.MAX_A_MINUTE))
    assert not streams.may_say("conv_1")
    assert streams.may_say("conv_2")
    monkeypatch.setattr(module, "_MAX_COUNTED", 1)
    assert not streams.may_say("conv_1")


def test_a_flood_of_frames_is_shown_out():
    client = WSConnection(ConnectionType.CLIENT)
    asked = client.send(Request(host="x", target="/")).decode().split("\r\n")[1:-2]
    wire = WebSocketWire([tuple(line.split(": ", 1)) for line in asked], "/")
    client.receive_data(wire.head([]))
    list(client.events())
    answer, texts, over = wire.received(client.send(Ping()) * 2_999)
    assert (len(answer) > 5_000, texts, over) == (True, [], False)
    answer, _texts, over = wire.received(
        client.send(TextMessage(data="", message_finished=False)) + client.send(Ping())
    )
    assert over
    assert b"too many frames" in answer
