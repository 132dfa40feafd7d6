"""A Redis that hangs costs one time-out now and then, and is used again when it is back."""

import os
import signal
import time

import psutil
import pytest
from redis.exceptions import RedisError

from tests.support import processes
from worker.redis_pool import open_redis


@pytest.fixture
def hung():
    """A Valkey of one's own, as (url, stop, go on)."""
    before = {child.pid for child in psutil.Process().children()}
    with processes.valkey() as url:
        (pid,) = {child.pid for child in psutil.Process().children()} - before
        try:
            yield url, lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT)
        finally:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.processes
def test_while_redis_hangs_calls_fail_at_once_and_later_it_is_found_again(hung):
    url, stop, go_on = hung
    client = open_redis(url, timeout_s=0.5)
    client.set("a", "1")
    stop()
    with pytest.raises(RedisError):
        client.get("a")
    began = time.monotonic()
    for _ in range(100):
        with pytest.raises(RedisError):
            client.get("a")
    assert time.monotonic() - began < 50 * 0.5, "every call waited for its time-out"
    go_on()
    ends = time.monotonic() + 10
    while True:
        try:
            assert client.get("a") == b"1"
            return
        except RedisError:
            assert time.monotonic() < ends, "Redis is back and was not tried again"
            time.sleep(0.05)


def test_a_connection_that_was_closed_meanwhile_is_replaced_without_a_word(valkey_url):
    client = open_redis(valkey_url, timeout_s=2, retries=1)
    client.set("a", "1")
    open_redis(valkey_url, timeout_s=2).client_kill_filter(_type="normal", skipme=True)
    assert client.get("a") == b"1"
