"""Leases over rows: a worker that lost one writes nothing, however late it wakes up."""

import pytest
import sqlalchemy as sa

from worker.store.leases import RowLease, RowLeases
from worker.store.tables import document_import

LEASE_MS = 1_000


@pytest.fixture
def leases(store):
    return RowLeases(store, document_import, state="running", lease_ms=LEASE_MS)


@pytest.fixture
def row_id(store, workspace_id):
    values = {"kind": "urls", "name": "x", "source": b"", "metadata": {}, "added": 0, "unchanged": 0, "attempts": 0}
    with store.begin() as tx:
        now = store.now(tx)
        tx.execute(
            document_import.insert().values(
                id="imp_1", workspace_id=workspace_id, state="queued", due_at=now, created_at=now, **values
            )
        )
    return "imp_1"


def acquire(store, leases, row_id):
    with store.begin() as tx:
        (row,) = leases.acquire(tx, [row_id])
    return RowLease(id=row["id"], token=row["lease_token"])


def row_of(store):
    with store.read() as connection:
        return connection.execute(sa.select(document_import)).mappings().one()


def release(store, leases, lease, **values):
    with store.begin() as tx:
        return leases.release(tx, lease, **values)


def test_a_lease_counts_the_attempt_and_ends_by_itself(store, leases, row_id):
    before = row_of(store)["due_at"]
    acquire(store, leases, row_id)
    row = row_of(store)
    assert (row["state"], row["attempts"], row["due_at"]) == ("running", 1, before + LEASE_MS)


def test_a_lease_is_renewed_and_released_by_its_holder(store, leases, row_id):
    lease = acquire(store, leases, row_id)
    assert leases.renew([lease], done=3) == 1
    assert row_of(store)["done"] == 3
    assert release(store, leases, lease, state="done")
    assert (row_of(store)["state"], row_of(store)["due_at"]) == ("done", None)
    assert leases.renew([lease]) == 0, "it was given back"


def test_who_lost_a_lease_neither_renews_nor_releases_it(store, leases, row_id):
    lost = acquire(store, leases, row_id)
    held = acquire(store, leases, row_id)
    with store.begin() as tx:
        tx.execute(document_import.update().values(due_at=7))
    assert leases.renew([lost], done=9) == 0
    assert not release(store, leases, lost, state="failed")
    row = row_of(store)
    assert (row["state"], row["done"], row["due_at"]) == ("running", 0, 7)
    assert leases.renew([lost, held]) == 1


def test_a_token_is_never_used_twice_even_when_attempts_are_counted_anew(store, leases, row_id):
    lost = acquire(store, leases, row_id)
    slice_ended = acquire(store, leases, row_id)
    assert release(store, leases, slice_ended, state="queued", attempts=0)
    acquire(store, leases, row_id)
    assert row_of(store)["attempts"] == 1, "as when the lost lease began"
    assert leases.renew([lost]) == 0
