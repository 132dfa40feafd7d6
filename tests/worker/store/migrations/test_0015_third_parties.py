"""Migration 0015 keeps what a database holds, on its way up and down."""

from alembic import command

from tests.support.databases import move, rows, run
from worker.store.engine import Store

BEFORE, AFTER = "0014", "0015"


def fill(store: Store) -> None:
    """Store a conversation with a message of its customer and one of a third party, as the version before does."""
    run(
        store,
        "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)",
        "INSERT INTO conversation (id, workspace_id, owner, next_seq, history, mailbox, lease_token, abort,"
        " created_at, updated_at) VALUES ('c', 'w', 'bot', 3, 0, 'idle', 0, false, 1, 1)",
        "INSERT INTO message (id, workspace_id, conversation_id, seq, role, content, state, attempts, created_at,"
        " stranger) VALUES ('m', 'w', 'c', 1, 'customer', 'Hi', 'answered', 1, 1, true)",
        "INSERT INTO message (id, workspace_id, conversation_id, seq, role, content, state, attempts, created_at)"
        " VALUES ('n', 'w', 'c', 2, 'customer', 'Hello!', 'answered', 1, 1)",
    )


def third_parties(store: Store, column: str) -> list[tuple[str, bool]]:
    """Return which messages are of a third party, read without this version's tables."""
    return [(id, bool(value)) for id, value in rows(store, f"SELECT id, {column} FROM message ORDER BY id")]


def test_an_upgrade_keeps_third_parties_and_a_downgrade_brings_the_old_name_back(store):
    move(store, command.upgrade, BEFORE)
    fill(store)
    move(store, command.upgrade, AFTER)
    assert third_parties(store, "from_third_party") == [("m", True), ("n", False)]
    move(store, command.downgrade, BEFORE)
    assert third_parties(store, "stranger") == [("m", True), ("n", False)]
