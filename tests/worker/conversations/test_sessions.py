"""One contract for every session store."""

import threading
from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet
from redis import Redis

from worker.conversations.redis_sessions import RedisSessionStore
from worker.conversations.sessions import (
    Codec,
    MemorySessionStore,
    Session,
    SessionStore,
    Turn,
)


def session(id: str = "conv_1", history: int = 1, **fields: object) -> Session:
    return Session(conversation_id=id, workspace_id="ws_1", history=history, **fields)  # type: ignore[arg-type]


@pytest.fixture(params=["memory", "redis", "redis, encrypted"])
def make(request: pytest.FixtureRequest, valkey_url: str) -> Iterator[type]:
    """A factory of empty stores of one kind."""
    codec = Codec([Fernet.generate_key().decode()] if "encrypted" in request.param else [])
    client = Redis.from_url(valkey_url)

    def build(**options: float) -> SessionStore:
        if request.param == "memory":
            return MemorySessionStore(codec=codec, **options)
        client.flushdb()
        return RedisSessionStore(client, url=valkey_url, prefix="test:", codec=codec, **options)

    yield build
    client.flushdb()


def test_what_was_put_comes_back_whole(make):
    store = make()
    kept = session(turns=(Turn(seq=1, role="customer", content="Où? 🍪"),), counters={"messages": 1})
    assert store.put(kept)
    assert store.get("conv_1") == kept
    assert store.get("conv_2") is None


def test_an_older_state_never_replaces_a_newer_one(make):
    store = make()
    store.put(session(history=5))
    assert not store.put(session(history=4, owner="human"))
    assert store.get("conv_1").history == 5
    assert store.put(session(history=5, owner="human"))
    assert store.statistics().refused == 1


def test_a_session_dies_after_its_ttl_unless_touched(make):
    import time

    store = make(ttl_s=0.4)
    store.put(session("conv_1"))
    store.put(session("conv_2"))
    time.sleep(0.25)
    assert store.touch("conv_1")
    time.sleep(0.25)
    assert store.get("conv_1") is not None
    assert store.get("conv_2") is None
    assert not store.touch("conv_2")
    assert store.count() == 1
    assert store.clean_up() == 1
    assert store.active() == ["conv_1"]


def test_many_are_read_in_one_go(make):
    store = make()
    store.put(session("conv_1"))
    store.put(session("conv_3"))
    assert set(store.get_many(["conv_1", "conv_2", "conv_3"])) == {"conv_1", "conv_3"}
    assert store.get_many([]) == {}
    assert (store.statistics().hits, store.statistics().misses) == (2, 1)


def test_concurrent_updates_lose_nothing(make):
    store = make()
    store.put(session(counters={"n": 0}))

    def count() -> None:
        for _ in range(20):
            store.update("conv_1", lambda old: old.extended([], history=1, owner="bot", window=5, counted={"n": 1}))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get("conv_1").counters == {"n": 80}
    assert store.update("conv_9", lambda old: old) is None


def test_the_oldest_go_when_there_are_too_many(make):
    store = make(limit=3)
    for number in range(5):
        store.put(session(f"conv_{number}"))
    store.clean_up()
    assert store.count() == 3
    assert store.get("conv_0") is None
    assert store.get("conv_4") is not None


def test_a_deleted_session_is_gone_everywhere(make):
    store = make()
    store.put(session())
    assert store.delete("conv_1")
    assert not store.delete("conv_1")
    assert store.count() == 0
    assert store.active() == []


def test_what_is_still_on_its_way_to_a_deleted_session_does_not_bring_it_back(make):
    """A turn may end just as its conversation is erased, and keeps what was said after that."""
    store = make()
    store.put(session(history=1))
    store.delete("conv_1")
    assert not store.put(session(history=2))
    assert not store.touch("conv_1")
    assert store.update("conv_1", lambda kept: kept) is None
    assert store.get("conv_1") is None
    assert store.count() == 0
    assert store.put(session("conv_2"))


def test_a_window_keeps_the_newest_turns_in_order():
    turns = [Turn(seq=seq, role="customer", content=str(seq)) for seq in (3, 1, 2)]
    grown = session().extended(turns, history=2, owner="bot", window=2, counted={})
    assert [turn.seq for turn in grown.turns] == [2, 3]
    assert grown.last_seq == 3
