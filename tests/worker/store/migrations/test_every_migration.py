"""Each migration goes up, down and up again, on a database that holds rows, and leaves the same tables each time."""

from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from tests.support.databases import move, rows, run
from worker.store import migrate
from worker.store.engine import Store

#: Rows of the first version, which every later one has to keep.
FIRST = (
    "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)",
    "INSERT INTO conversation (id, workspace_id, owner, next_seq, history, mailbox, hints, lease_token, abort,"
    " created_at, updated_at, due_at, ready_at) VALUES ('c', 'w', 'bot', 2, 0, 'ready', 3, 0, false, 1, 1, 1, 1)",
    "INSERT INTO message (id, workspace_id, conversation_id, seq, role, content, state, attempts, created_at)"
    " VALUES ('m', 'w', 'c', 1, 'customer', 'Hi', 'queued', 0, 1)",
    "INSERT INTO document (id, workspace_id, title, media_type, source, digest, passages, state, revision, attempts,"
    " created_at, updated_at) VALUES ('d', 'w', 'Returns', 'text/plain', '', 'x', 1, 'ready', 1, 1, 1, 1)",
)


def tables(store: Store) -> dict[str, Any]:
    """Return what distinguishes the tables: columns and whether they may be empty, keys, indexes and references."""
    inspector = sa.inspect(store.engine)
    keys, uniques = inspector.get_multi_pk_constraint(), inspector.get_multi_unique_constraints()
    indexes, references = inspector.get_multi_indexes(), inspector.get_multi_foreign_keys()
    return {
        table[1]: {
            "columns": {column["name"]: column["nullable"] for column in columns},
            "key": keys[table]["constrained_columns"],
            "unique": sorted(sorted(unique["column_names"]) for unique in uniques[table]),
            "indexes": {index["name"]: (index["column_names"], bool(index["unique"])) for index in indexes[table]},
            "references": sorted(
                (key["constrained_columns"], key["referred_table"], key["options"].get("ondelete"))
                for key in references[table]
            ),
        }
        for table, columns in inspector.get_multi_columns().items()
        if table[1] != "alembic_version"
    }


def kept(store: Store) -> list[tuple[Any, ...]]:
    """Return the rows of the first version."""
    return rows(store, "SELECT c.id, c.mailbox, m.id, m.content, d.id FROM conversation c, message m, document d")


def test_each_goes_up_down_and_up_again_and_keeps_what_the_first_version_stored(store):
    revisions = [script.revision for script in ScriptDirectory.from_config(migrate.config()).walk_revisions()][::-1]
    move(store, command.upgrade, revisions[0])
    run(store, *FIRST)
    stored = kept(store)
    assert stored == [("c", "ready", "m", "Hi", "d")]
    newer = tables(store)
    for revision, before in zip(revisions[1:], revisions, strict=False):
        older = newer
        move(store, command.upgrade, revision)
        newer = tables(store)
        assert kept(store) == stored, f"{revision} up"
        move(store, command.downgrade, before)
        assert (tables(store), kept(store)) == (older, stored), f"{revision} down"
        move(store, command.upgrade, revision)
        assert (tables(store), kept(store)) == (newer, stored), f"{revision} up again"
    assert migrate.current(store) == migrate.head()


def test_all_go_down_to_an_empty_database(store):
    migrate.upgrade(store)
    move(store, command.downgrade, "base")
    assert tables(store) == {}
