"""Migration 0039 keeps the events, in their order, and uses no id again."""

from alembic import command

from tests.support.databases import move, rows, run

BEFORE, AFTER = "0036", "0039"

_EVENT = "INSERT INTO event (workspace_id, type, data, created_at) VALUES ('w', '{}', '{{}}', 1)"
_ORDER = "SELECT type FROM event ORDER BY transaction_id, id"


def test_events_are_kept_in_order_and_new_ones_follow(store):
    move(store, command.upgrade, BEFORE)
    run(store, "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)")
    run(store, _EVENT.format("one"), _EVENT.format("two"))
    move(store, command.upgrade, AFTER)
    run(store, _EVENT.format("three"))
    assert rows(store, _ORDER) == [("one",), ("two",), ("three",)]
    highest = rows(store, "SELECT max(id) FROM event")[0][0]
    run(store, "DELETE FROM event", _EVENT.format("four"))
    assert rows(store, "SELECT id FROM event") == [(highest + 1,)]
    move(store, command.downgrade, BEFORE)
    run(store, _EVENT.format("five"))
    assert rows(store, "SELECT type FROM event ORDER BY id") == [("four",), ("five",)]
