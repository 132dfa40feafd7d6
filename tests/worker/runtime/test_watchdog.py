"""The watchdog detects a stalled worker, and ignores one that is busy or cut off."""

import pytest

from worker.runtime.watchdog import Watchdog


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make(clock: Clock, send=lambda: None, *, slots: int = 2) -> Watchdog:
    return Watchdog(send=send, slots=slots, end=lambda: None, clock=clock)


def test_a_canary_that_never_arrives_is_detected(clock):
    dog = make(clock)
    dog.send_canary()
    clock.now += 14
    assert dog.problem() is None
    clock.now += 2
    assert "nothing was consumed for 16 s" in dog.problem()


def test_a_canary_that_arrives_is_no_problem(clock):
    dog = make(clock)
    for _ in range(20):
        dog.send_canary()
        clock.now += 3
        dog.task_began()
        dog.task_ended()
    assert dog.problem() is None
    assert dog.state == "working"


def test_a_full_pool_that_consumes_nothing_is_no_problem(clock):
    dog = make(clock)
    dog.send_canary()
    dog.task_began()
    dog.task_began()
    dog.send_canary()
    clock.now += 600
    assert dog.problem() is None


def test_a_pool_with_a_free_slot_must_consume_again(clock):
    dog = make(clock)
    dog.task_began()
    dog.task_began()
    clock.now += 600
    dog.task_ended()
    dog.send_canary()
    assert dog.problem() is None
    clock.now += 16
    assert dog.problem() is not None


def test_an_unavailable_broker_is_no_stall(clock):
    away = [True]

    def send() -> None:
        if away[0]:
            raise OSError("gone")

    dog = make(clock, send)
    for _ in range(20):
        dog.send_canary()
        clock.now += 3
    assert dog.problem() is None
    assert dog.state == "cut_off"
    away[0] = False
    dog.send_canary()
    assert dog.state == "working"


def test_a_thread_without_heartbeats_is_detected(clock):
    dog = make(clock)
    dog.beat("sweeper")
    clock.now += 29
    assert dog.problem() is None
    clock.now += 2
    assert "no heartbeat of the sweeper" in dog.problem()


def test_a_consumer_without_its_subscription_is_detected_although_canaries_arrive(clock):
    subscribed = [False]
    dog = Watchdog(send=lambda: None, slots=2, end=lambda: None, subscribed=lambda: subscribed[0], clock=clock)
    for _ in range(6):
        dog.send_canary()
        dog.task_began()
        dog.task_ended()
        clock.now += 3
    assert "not been subscribed to its queue" in dog.problem()
    subscribed[0] = True
    dog.send_canary()
    assert dog.problem() is None


def test_a_consumer_that_reconnected_while_the_pool_was_full_is_no_problem(clock):
    subscribed = [False]
    dog = Watchdog(send=lambda: None, slots=2, end=lambda: None, subscribed=lambda: subscribed[0], clock=clock)
    dog.send_canary()  # the consumer reconnects after an outage between two canaries
    subscribed[0] = True
    dog.task_began()
    dog.task_began()
    for _ in range(6):
        dog.send_canary()
        clock.now += 3
    assert dog.problem() is None


def test_without_canaries_only_the_threads_are_watched(clock):
    dog = Watchdog(send=None, slots=4, end=lambda: None, clock=clock)
    for _ in range(20):
        dog.send_canary()
        clock.now += 3
    assert dog.problem() is None


def test_after_an_outage_the_consumer_gets_time_to_reconnect(clock):
    away = [True]

    def send() -> None:
        if away[0]:
            raise OSError("gone")

    dog = make(clock, send)
    dog.send_canary()
    away[0] = False
    for _ in range(14):
        dog.send_canary()
        clock.now += 3
    assert dog.problem() is None, "a worker was ended while its consumer still waits to reconnect"
    for _ in range(8):
        dog.send_canary()
        clock.now += 3
    assert dog.problem() is not None


def test_a_process_that_was_paused_is_not_stalled(clock):
    dog = make(clock)
    dog.beat("sweeper")
    dog.send_canary()
    assert dog.check() is None
    clock.now += 60
    assert dog.check() is None
    for _ in range(31):
        clock.now += 1
        found = dog.check()
    assert "sweeper" in found
