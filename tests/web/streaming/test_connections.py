"""The connection of one client: delivery, heartbeats, and slow or disconnected clients."""

from tests.support.processes import wait_for
from tests.web.streaming.sources import HEAD, Source, event, read_until
from web.streaming import connections


def test_a_stream_sends_its_events_and_ends(take):
    source = Source(event(1))
    source.ended = True
    client, ended = take(source)
    assert read_until(client, b"no such text") == HEAD + event(1).frame.encode()
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
