"""Migration 0048 keeps which attachments a message named: all that belong to a conversation until then."""

from alembic import command

from tests.support.databases import move, rows, run

BEFORE, AFTER = "0041", "0048"
_FILE = (
    "INSERT INTO attachment (id, workspace_id, conversation_id, name, media_type, size, source, created_at)"
    " VALUES ('{}', 'w', {}, 'a.txt', 'text/plain', 1, 'x', 5)"
)


def test_what_a_conversation_has_was_named_and_the_rest_waits_to_be_deleted(store):
    move(store, command.upgrade, BEFORE)
    run(
        store,
        "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)",
        "INSERT INTO conversation (id, workspace_id, owner, next_seq, history, mailbox, lease_token, abort, created_at,"
        " updated_at) VALUES ('c', 'w', 'bot', 1, 0, 'idle', 0, false, 1, 1)",
        _FILE.format("named", "'c'"),
        _FILE.format("unused", "NULL"),
    )
    move(store, command.upgrade, AFTER)
    assert rows(store, "SELECT id, named_at FROM attachment ORDER BY id") == [("named", 5), ("unused", None)]
    run(store, _FILE.format("visitors", "'c'"))
    move(store, command.downgrade, BEFORE)
    kept = [("named", "c"), ("unused", None), ("visitors", None)]
    assert rows(store, "SELECT id, conversation_id FROM attachment ORDER BY id") == kept
