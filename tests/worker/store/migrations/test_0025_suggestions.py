"""Migration 0025 adds suggestions with their exchanges and takes them away."""

import sqlalchemy as sa
from alembic import command

from tests.support.databases import move, run

BEFORE, AFTER = "0023", "0025"


def test_suggestions_come_and_go_and_conversations_stay(store):
    move(store, command.upgrade, BEFORE)
    run(
        store,
        "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)",
        "INSERT INTO conversation (id, workspace_id, owner, next_seq, history, mailbox, lease_token, abort, created_at,"
        " updated_at) VALUES ('c', 'w', 'human', 2, 0, 'idle', 0, false, 1, 1)",
        "INSERT INTO message (id, workspace_id, conversation_id, seq, role, content, state, attempts, created_at)"
        " VALUES ('m', 'w', 'c', 1, 'customer', 'Hi', 'handed_off', 0, 1)",
    )
    move(store, command.upgrade, AFTER)
    run(
        store,
        "INSERT INTO suggestion (id, workspace_id, state, question, title, text, written_by, count, created_at,"
        " updated_at) VALUES ('s', 'w', 'open', 'q', 't', 'x', 'human', 1, 1, 1)",
        "INSERT INTO exchange (id, workspace_id, suggestion_id, conversation_id, message_id, state, question, reply,"
        " asked_at, attempts, created_at) VALUES ('e', 'w', 's', 'c', 'm', 'done', 'q', 'r', 1, 1, 1)",
    )
    move(store, command.downgrade, BEFORE)
    inspector = sa.inspect(store.engine)
    assert not {"suggestion", "exchange"} & set(inspector.get_table_names())
    assert "ix_message_handed_off" not in {index["name"] for index in inspector.get_indexes("message")}
    with store.read() as connection:
        assert connection.execute(sa.text("SELECT content FROM message")).scalar_one() == "Hi"
