"""Upserts mean the same on both databases."""

import sqlalchemy as sa

from worker.store.tables import sample
from worker.store.upsert import upsert_into


def _add(store, value):
    insert = upsert_into(store, sample)
    added = insert.on_conflict_do_update(
        index_elements=[sample.c.name, sample.c.labels], set_={"value": sample.c.value + insert.excluded.value}
    )
    with store.begin() as tx:
        tx.execute(added, [{"name": "turns", "labels": "", "value": value}])


def _value(store):
    with store.read() as connection:
        return connection.execute(sa.select(sample.c.value)).scalar_one()


def test_a_row_that_exists_is_changed_instead_of_inserted(store):
    _add(store, 2.0)
    _add(store, 3.0)
    assert _value(store) == 5.0


def test_a_row_that_exists_can_be_left_alone(store):
    _add(store, 2.0)
    with store.begin() as tx:
        tx.execute(upsert_into(store, sample).values(name="turns", labels="", value=9.0).on_conflict_do_nothing())
    assert _value(store) == 2.0
