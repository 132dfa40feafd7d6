"""Migration 0015 keeps what a database holds, on its way up and down."""

import contextlib

import pytest
import sqlalchemy as sa
from alembic import command

from tests.support.servers import postgresql_schema
from worker.store import migrate
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


def move(store, step, revision: str) -> None:
    configuration = migrate.config()
    with store.begin() as tx:
        configuration.attributes["connection"] = tx
        step(configuration, revision)


def fill(store) -> None:
    """Store a handed-off conversation with a message of a third party, as the version before does."""
    handoff = '\'{"reason": "asked_for_person", "category": "owned_by_person", "summary": "asked_for_person"}\''
    with store.begin() as tx:
        for statement in (
            "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)",
            "INSERT INTO conversation (id, workspace_id, owner, next_seq, history, mailbox, lease_token, abort,"
            f" created_at, updated_at, handoff) VALUES ('c', 'w', 'human', 2, 0, 'idle', 0, false, 1, 1, {handoff})",
            "INSERT INTO message (id, workspace_id, conversation_id, seq, role, content, state, attempts, created_at,"
            f" handoff, stranger) VALUES ('m', 'w', 'c', 1, 'customer', 'Hi', 'handed_off', 1, 1, {handoff}, true)",
            "INSERT INTO message (id, workspace_id, conversation_id, seq, role, content, state, attempts, created_at)"
            " VALUES ('n', 'w', 'c', 2, 'assistant', 'Hello!', 'answered', 1, 1)",
            "INSERT INTO reply (id, workspace_id, conversation_id, content, citations, support, answerer,"
            " prompt_tokens, completion_tokens, cost_usd, created_at)"
            " VALUES ('n', 'w', 'c', 'Hello!', '[]', 1, 'courtesy', 0, 0, 0, 1)",
            "INSERT INTO event (workspace_id, conversation_id, message_id, type, data, created_at)"
            f" VALUES ('w', 'c', 'm', 'handed_off', {handoff}, 1)",
            "INSERT INTO event (workspace_id, conversation_id, message_id, type, data, created_at)"
            " VALUES ('w', 'c', 'm', 'queued', '{}', 1)",
            "INSERT INTO escalation (id, workspace_id, conversation_id, state, reason, category, priority, summary,"
            " reasons, created_at)"
            " VALUES ('e', 'w', 'c', 'open', 'asked_for_person', 'asked_for_person', 'high', '?', '[]', 1)",
        ):
            tx.exec_driver_sql(statement)


def stored(store) -> dict[str, object]:
    """Return what is stored of it, read without this version's tables."""
    tables = sa.MetaData()
    with store.read() as connection:
        tables.reflect(connection, only=["conversation", "message", "reply", "event", "escalation"])

        def rows(table: str, *names: str) -> list:
            columns = [tables.tables[table].c[name] for name in names]
            return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(columns[0]))]

        (column,) = {"stranger", "from_third_party"} & set(tables.tables["message"].c.keys())
        return {
            "conversation": rows("conversation", "id", "handoff"),
            "message": rows("message", "id", "handoff", column),
            "reply": rows("reply", "id", "answerer"),
            "event": rows("event", "id", "data"),
            "escalation": rows("escalation", "id", "reason", "category"),
        }


def test_an_upgrade_keeps_third_parties_and_reasons_and_a_downgrade_brings_the_old_names_back(store):
    move(store, command.upgrade, BEFORE)
    fill(store)
    before = stored(store)

    move(store, command.upgrade, AFTER)

    handoff = {"reason": "asked_for_human", "category": "owned_by_human", "summary": "asked_for_person"}
    after = stored(store)
    assert after["conversation"] == [("c", handoff)]
    assert after["message"] == [("m", handoff, True), ("n", None, False)]
    assert after["reply"] == [("n", "small_talk")]
    assert [data for _id, data in after["event"]] == [handoff, {}]
    assert after["escalation"] == [("e", "asked_for_human", "asked_for_human")]

    move(store, command.downgrade, BEFORE)

    assert stored(store) == before
