"""What only the session store in Redis can show: keys, failures and what it says of itself."""

import pytest
from cryptography.fernet import Fernet
from redis import Redis

from tests.support import processes
from worker.conversations.redis_sessions import RedisSessionStore
from worker.conversations.sessions import Codec, Session, SessionsUnavailable


def session(**fields: object) -> Session:
    return Session(conversation_id="conv_1", workspace_id="ws_1", history=1, **fields)  # type: ignore[arg-type]


def test_keys_can_be_rotated_and_a_lost_key_is_a_miss(valkey_url):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    client = Redis.from_url(valkey_url)

    def store(*keys: str) -> RedisSessionStore:
        return RedisSessionStore(client, url=valkey_url, prefix="rotation:", codec=Codec(keys))

    store(old).put(session(owner="secret"))
    assert b"secret" not in client.hget("rotation:session:conv_1", "data")
    assert store(new, old).get("conv_1").owner == "secret"
    assert store(new).get("conv_1") is None


@pytest.mark.processes
def test_a_dead_redis_is_told_and_never_reads_as_healthy():
    with processes.valkey() as url:
        client = Redis.from_url(url, socket_timeout=1)
        store = RedisSessionStore(client, url=url)
        assert store.health() < 1
    for call in (store.health, lambda: store.get("conv_1"), lambda: store.put(session()), store.count):
        with pytest.raises(SessionsUnavailable):
            call()


def test_the_description_hides_the_password():
    store = RedisSessionStore(Redis(), url="redis://user:hunter2@cache:6379/0", prefix="x:", ttl_s=60)
    described = store.describe()
    assert "hunter2" not in str(described)
    assert described | {"address": ""} == {
        "type": "redis",
        "address": "",
        "prefix": "x:session:",
        "ttl_s": 60,
        "encrypted": False,
    }
