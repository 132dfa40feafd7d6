"""Migration 0015 keeps what a database holds, on its way up and down."""

import contextlib

import pytest
import sqlalchemy as sa
from alembic import command

from tests.support.databases import move
from tests.support.servers import postgresql_schema
from worker.store.engine import open_store

BEFORE, AFTER = "0014", "0015"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store(request, tmp_path):
    """An empty database without tables, of each kind."""
    with contextlib.ExitStack() as exits:
        url = f"sqlite:///{tmp_path / 'old.db'}"
        if request.param == "postgresql":
            url = exits.enter_context(postgresql_schema()).replace("postgresql://", "postgresql+psycopg://")
        opened = open_store(url)
        exits.callback(opened.close)
        yield opened


def fill(store) -> None:
    """Store a conversation with a message of its customer and one of a third party, as the version before does."""
    with store.begin() as tx:
        for statement in (
            "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)",
            "INSERT INTO conversation (id, workspace_id, owner, next_seq, history, mailbox, lease_token, abort,"
            " created_at, updated_at) VALUES ('c', 'w', 'bot', 3, 0, 'idle', 0, false, 1, 1)",
            "INSERT INTO message (id, workspace_id, conversation_id, seq, role, content, state, attempts, created_at,"
            " stranger) VALUES ('m', 'w', 'c', 1, 'customer', 'Hi', 'answered', 1, 1, true)",
            "INSERT INTO message (id, workspace_id, conversation_id, seq, role, content, state, attempts, created_at)"
            " VALUES ('n', 'w', 'c', 2, 'customer', 'Hello!', 'answered', 1, 1)",
        ):
            tx.exec_driver_sql(statement)


def third_parties(store, column: str) -> list[tuple[str, bool]]:
    """Return which messages are of a third party, read without this version's tables."""
    with store.read() as connection:
        rows = connection.execute(sa.text(f"SELECT id, {column} FROM message ORDER BY id"))
        return [(id, bool(value)) for id, value in rows]


def test_an_upgrade_keeps_third_parties_and_a_downgrade_brings_the_old_name_back(store):
    move(store, command.upgrade, BEFORE)
    fill(store)
    move(store, command.upgrade, AFTER)
    assert third_parties(store, "from_third_party") == [("m", True), ("n", False)]
    move(store, command.downgrade, BEFORE)
    assert third_parties(store, "stranger") == [("m", True), ("n", False)]
