"""Migration 0022 adds the categories of a desk and takes them away."""

import sqlalchemy as sa
from alembic import command

from tests.support.databases import move

BEFORE, AFTER = "0021", "0022"


def test_categories_come_and_go_and_workspaces_stay(store):
    move(store, command.upgrade, BEFORE)
    with store.begin() as tx:
        tx.exec_driver_sql("INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)")
    move(store, command.upgrade, AFTER)
    with store.begin() as tx:
        tx.exec_driver_sql(
            "INSERT INTO category (workspace_id, name, priority, examples, counter_examples, updated_at)"
            " VALUES ('w', 'fleet', 'high', '[]', '[]', 1)"
        )
    move(store, command.downgrade, BEFORE)
    assert not sa.inspect(store.engine).has_table("category")
    with store.read() as connection:
        assert connection.execute(sa.text("SELECT name FROM workspace")).scalar_one() == "w"
