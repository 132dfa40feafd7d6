"""Guessing gets slower with each failure; nobody is locked out, least of all in the browser that they always use."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.fakes import TableClock
from worker.accounts.delays import LoginDelays, delay_ms
from worker.errors import TriedTooOften

ADA = "ada@shop.example"


@pytest.fixture
def delays(store):
    return LoginDelays(store)


def fail(delays, times, **options):
    for _ in range(times):
        delays.admit(ADA, **options)


def test_the_delay_doubles_up_to_five_minutes():
    assert [delay_ms(failures) for failures in (1, 4, 5, 6, 7, 20, 1_000)] == [
        0,
        0,
        1_000,
        2_000,
        4_000,
        300_000,
        300_000,
    ]


def test_an_attempt_within_the_delay_is_refused_with_the_time_to_wait_and_a_later_one_is_not(delays, store):
    fail(delays, 6 - 1)
    with pytest.raises(TriedTooOften, match="1 second") as refused:
        delays.admit(ADA)
    assert 0 < refused.value.retry_after_s <= 1
    TableClock.advance(store, 1)
    fail(delays, 1)
    with pytest.raises(TriedTooOften, match="2 seconds"):
        delays.admit(ADA)
    delays.admit("grace@shop.example")


def test_success_and_a_day_without_failures_forget_them(delays, store):
    fail(delays, 5)
    TableClock.advance(store, 1)
    delays.admit(ADA)
    delays.succeed(ADA)
    fail(delays, 5)
    with pytest.raises(TriedTooOften):
        delays.admit(ADA)
    TableClock.advance(store, 24 * 3_600)
    fail(delays, 5)


def test_failures_elsewhere_do_not_delay_a_browser_that_is_known(delays, store):
    delays.admit(ADA)
    delays.succeed(ADA)
    device = delays.know(ADA)
    fail(delays, 5)
    with pytest.raises(TriedTooOften):
        delays.admit(ADA)
    delays.admit(ADA, device=device)
    delays.succeed(ADA, device=device)
    assert delays.know(ADA, "code", device=device) == device
    fail(delays, 5, device=device)
    with pytest.raises(TriedTooOften):
        delays.admit(ADA, device=device)


def test_a_browser_is_known_for_its_own_address_only(delays):
    device = delays.know("grace@shop.example")
    fail(delays, 5)
    for guessed in (device, "guess", ""):
        with pytest.raises(TriedTooOften):
            delays.admit(ADA, device=guessed)
    for guessed in (device, "guess", ""):
        assert delays.know(ADA, device=guessed) not in (device, "guess", "")


def test_a_browser_that_is_known_for_a_password_becomes_known_for_codes_and_keeps_its_delay(delays):
    device = delays.know(ADA)
    fail(delays, 5, device=device)
    assert delays.know(ADA, "code", device=device) == device
    for _ in range(5):
        delays.admit("code")
    delays.admit("code", device=device)
    with pytest.raises(TriedTooOften):
        delays.admit(ADA, device=device)


def test_a_success_without_a_complete_login_makes_no_browser_known(delays):
    fail(delays, 1)
    delays.succeed(ADA, device="guess")
    fail(delays, 5)
    with pytest.raises(TriedTooOften):
        delays.admit(ADA, device="guess")


def test_parallel_attempts_count(delays):
    def attempt(_number):
        try:
            delays.admit(ADA)
        except TriedTooOften:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 5
