"""Wake-ups reach those who wait, and cost the sender nothing."""

import threading

from redis import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError

from tests.support.processes import wait_for
from worker.conversations.wakeups import Wakeups


class HangingRedis:
    """A Redis that answers nothing until it is released, then times out."""

    def __init__(self) -> None:
        self.asked, self.released = threading.Event(), threading.Event()
        self.published: list[str] = []

    def publish(self, _channel: str, conversation_id: str) -> None:
        self.published.append(conversation_id)
        self.asked.set()
        self.released.wait(20)
        raise RedisTimeoutError


def test_a_wakeup_reaches_a_thread_that_waits(valkey_url):
    wakeups = Wakeups(Redis.from_url(valkey_url), Redis.from_url(valkey_url), prefix="wakeups-test:")
    try:
        with wakeups.subscribe("conv_1") as changed:
            for _ in range(50):  # until the listener has subscribed
                wakeups.send("conv_1")
                if changed.wait(0.1):
                    break
            assert changed.is_set()
    finally:
        wakeups.stop()


def test_sending_does_not_wait_for_a_redis_that_hangs():
    hanging = HangingRedis()
    wakeups = Wakeups(hanging, hanging, prefix="")
    wakeups.send("conv_0")
    assert hanging.asked.wait(5)
    for number in range(200):
        wakeups.send(f"conv_{number % 2}")
    assert hanging.published == ["conv_0"]  # Redis still has the first
    hanging.released.set()
    wait_for(lambda: len(hanging.published) == 3, what="the other wake-ups")
    wakeups.stop()
    assert hanging.published == ["conv_0", "conv_0", "conv_1"]  # each once, however often it changed meanwhile
