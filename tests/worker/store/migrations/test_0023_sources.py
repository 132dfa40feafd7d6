"""Migration 0023 adds sources and takes them away; documents stay."""

import sqlalchemy as sa
from alembic import command

from tests.support.databases import move, rows, run

BEFORE, AFTER = "0022", "0023"

DOCUMENT = (
    "INSERT INTO document (id, workspace_id, title, media_type, source, digest, passages, state, revision, attempts,"
    " created_at, updated_at) VALUES ('d', 'w', 'Returns', 'text/plain', '', 'x', 1, 'ready', 1, 1, 1, 1)"
)


def test_sources_come_and_go_and_their_documents_stay(store):
    move(store, command.upgrade, BEFORE)
    run(
        store,
        "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)",
        DOCUMENT,
    )
    move(store, command.upgrade, AFTER)
    run(
        store,
        "INSERT INTO source (id, workspace_id, name, kind, location, options, metadata, interval_s, state, attempts,"
        " due_at, created_at, updated_at) VALUES ('s', 'w', 'help', 'page', 'https://a.example', '{}', '{}', 60,"
        " 'idle', 0, 1, 1, 1)",
        "INSERT INTO source_item (source_id, key, workspace_id, document_id, pending)"
        " VALUES ('s', 'https://a.example', 'w', 'd', false)",
        "INSERT INTO source_run (id, workspace_id, source_id, state, accepts_loss, complete, added, changed, unchanged,"
        " gone, failures, started_at) VALUES ('r', 'w', 's', 'done', false, true, 1, 0, 0, 0, 0, 1)",
    )
    run(store, "DELETE FROM document")
    assert rows(store, "SELECT key, document_id FROM source_item") == [("https://a.example", None)]
    run(store, "DELETE FROM source")
    assert rows(store, "SELECT count(*) FROM source_item") == rows(store, "SELECT count(*) FROM source_run") == [(0,)]
    run(
        store,
        DOCUMENT,
    )
    move(store, command.downgrade, BEFORE)
    assert not {"source", "source_item", "source_run"} & set(sa.inspect(store.engine).get_table_names())
    assert rows(store, "SELECT title FROM document") == [("Returns",)]
