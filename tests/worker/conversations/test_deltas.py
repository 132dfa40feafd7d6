"""Pieces of answers reach the streams that show them, and losing Redis loses no more than them."""

import pytest
from cryptography.fernet import Fernet
from redis import Redis
from redis.exceptions import RedisError

from worker.conversations.deltas import Deltas
from worker.conversations.outcomes import Piece
from worker.conversations.sessions import Codec


@pytest.fixture
def client(valkey_url):
    with Redis.from_url(valkey_url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def deltas(client):
    return Deltas(client, prefix="t:", channel="t:wake")


def add(deltas, *texts, take=1):
    for text in texts:
        deltas.add("conv_1", ["msg_1"], take=take, piece=Piece(offset=0, text=text))


def texts(found):
    return [delta.data["text"] for delta in found]


def test_pieces_are_read_in_order_after_any_of_them(deltas):
    add(deltas, "One. ", "Two. ", "Three.")
    found = deltas.after("conv_1", "0-0")
    assert texts(found) == ["One. ", "Two. ", "Three."]
    assert {(delta.message_ids, delta.take) for delta in found} == {(("msg_1",), 1)}
    assert texts(deltas.after("conv_1", found[0].id)) == ["Two. ", "Three."]
    assert deltas.after("conv_1", found[-1].id) == []
    assert deltas.after("conv_2", "0-0") == []


def test_a_piece_wakes_the_streams_of_its_conversation_and_expires(deltas, client):
    with client.pubsub(ignore_subscribe_messages=True) as listening:
        listening.subscribe("t:wake")
        listening.get_message(timeout=5)
        add(deltas, "One.")
        assert listening.get_message(timeout=5)["data"] == b"conv_1"
    assert 0 < client.ttl("t:deltas:conv_1") <= 600


def test_pieces_of_another_version_or_under_another_key_are_passed_over(deltas, client):
    client.xadd("t:deltas:conv_1", {"data": b"of another version"})
    add(Deltas(client, prefix="t:", channel="t:wake", codec=Codec([Fernet.generate_key().decode()])), "Sealed.")
    add(deltas, "One.")
    assert texts(deltas.after("conv_1", "0-0")) == ["One."]


def test_what_is_forgotten_takes_no_piece_of_the_turn_that_goes_on(deltas):
    add(deltas, "One.")
    deltas.forget("conv_1")
    add(deltas, "Two.")
    assert deltas.after("conv_1", "0-0") == []


def test_without_redis_nothing_is_added_or_read_and_forgetting_says_so():
    deltas = Deltas(Redis(port=1), prefix="t:", channel="t:wake")
    add(deltas, "One.")
    assert deltas.after("conv_1", "0-0") == []
    with pytest.raises(RedisError):
        deltas.forget("conv_1")
