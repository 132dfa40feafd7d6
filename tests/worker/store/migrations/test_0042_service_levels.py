"""Migration 0042 gives conversations targets without taking those that there are for changed, and can be undone."""

from alembic import command

from tests.support.databases import move, rows, run

BEFORE, AFTER = "0040", "0042"

_CONVERSATION = (
    "INSERT INTO conversation (id, workspace_id, owner, next_seq, history, mailbox, lease_token, abort, urgency, "
    "waiting_since, created_at, updated_at) VALUES ('{}', 'w', '{}', 1, 0, 'idle', 0, false, {}, {}, 1, 1)"
)


def test_conversations_that_there_are_keep_their_state_and_need_no_work(store):
    move(store, command.upgrade, BEFORE)
    run(store, "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)")
    run(store, _CONVERSATION.format("a", "human", 0, 1_000), _CONVERSATION.format("b", "human", 2, "NULL"))
    run(store, _CONVERSATION.format("c", "bot", 2, "NULL"))
    move(store, command.upgrade, AFTER)
    found = "SELECT id, sla_seen, sla_due_at FROM conversation ORDER BY id"
    assert rows(store, found) == [("a", 4_000, None), ("b", 1, None), ("c", 0, None)]
    assert rows(store, "SELECT sla_policy FROM workspace") == [("",)]
    move(store, command.downgrade, BEFORE)
    assert rows(store, "SELECT id, waiting_since FROM conversation ORDER BY id") == [
        ("a", 1_000),
        ("b", None),
        ("c", None),
    ]
