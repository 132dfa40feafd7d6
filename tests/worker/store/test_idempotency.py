"""What is asked for under one key is made once."""

import threading

import pytest

from tests.support.fakes import TableClock
from worker.errors import IdempotencyMismatch
from worker.store.idempotency import IdempotencyKeys, RequestKey

FIRST = RequestKey(key="k", fingerprint="f")


@pytest.fixture
def idempotency_keys(store):
    return IdempotencyKeys(store, kept_s=60)


def take(store, idempotency_keys, workspace_id, given, made):
    with store.begin() as tx:
        return idempotency_keys.earlier(tx, workspace_id, given, made=made)


def test_a_repetition_is_told_what_was_made(store, workspace_id, idempotency_keys):
    assert take(store, idempotency_keys, workspace_id, None, "doc_0") is None
    assert take(store, idempotency_keys, workspace_id, FIRST, "doc_1") is None
    assert take(store, idempotency_keys, workspace_id, FIRST, "doc_2") == "doc_1"
    assert take(store, idempotency_keys, workspace_id, RequestKey(key="l", fingerprint="f"), "doc_3") is None
    with pytest.raises(IdempotencyMismatch):
        take(store, idempotency_keys, workspace_id, RequestKey(key="k", fingerprint="other"), "doc_4")


def test_a_key_is_forgotten_with_its_time_and_with_what_failed(store, workspace_id, idempotency_keys):
    def fail():
        with store.begin() as tx:
            idempotency_keys.earlier(tx, workspace_id, FIRST, made="doc_0")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert take(store, idempotency_keys, workspace_id, FIRST, "doc_1") is None
    TableClock.advance(store, 61)
    assert take(store, idempotency_keys, workspace_id, FIRST, "doc_2") is None
    assert idempotency_keys.clean_up() == 0
    TableClock.advance(store, 61)
    assert idempotency_keys.clean_up() == 1
    assert take(store, idempotency_keys, workspace_id, FIRST, "doc_3") is None


def test_of_twins_one_makes_it(store, workspace_id, idempotency_keys):
    together, told = threading.Barrier(8), []

    def run(number):
        together.wait()
        told.append(take(store, idempotency_keys, workspace_id, FIRST, f"doc_{number}"))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count(None) == 1
    assert len(set(told)) == 2
