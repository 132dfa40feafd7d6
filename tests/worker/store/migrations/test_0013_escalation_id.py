"""Migration 0013 renames a key of stored handoffs, on its way up and down."""

import json

from alembic import command

from tests.support.databases import move, rows, run
from worker.store.engine import Store

BEFORE, AFTER = "0012", "0013"


def fill(store: Store) -> None:
    """Store a conversation and a message with a handoff, and one of each without, as the version before does."""
    run(store, "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)")
    for id, handoff in (("a", '\'{"reason": "rule", "ticket": "esc_1"}\''), ("b", "NULL")):
        run(
            store,
            "INSERT INTO conversation (id, workspace_id, owner, next_seq, history, mailbox, lease_token, abort,"
            f" created_at, updated_at, handoff) VALUES ('{id}', 'w', 'human', 2, 0, 'idle', 0, false, 1, 1, {handoff})",
            "INSERT INTO message (id, workspace_id, conversation_id, seq, role, content, state, attempts, created_at,"
            f" handoff) VALUES ('{id}', 'w', '{id}', 1, 'customer', 'Hi', 'handed_off', 1, 1, {handoff})",
        )


def handoffs(store: Store) -> list[list[object]]:
    """Return the handoffs of conversations and of messages."""
    found = (rows(store, f"SELECT handoff FROM {table} ORDER BY id") for table in ("conversation", "message"))
    return [[json.loads(value) if isinstance(value, str) else value for (value,) in values] for values in found]


def test_handoffs_name_their_escalation_after_an_upgrade_and_their_ticket_after_a_downgrade(store):
    move(store, command.upgrade, BEFORE)
    fill(store)
    move(store, command.upgrade, AFTER)
    assert handoffs(store) == [[{"reason": "rule", "escalation_id": "esc_1"}, None]] * 2
    move(store, command.downgrade, BEFORE)
    assert handoffs(store) == [[{"reason": "rule", "ticket": "esc_1"}, None]] * 2
