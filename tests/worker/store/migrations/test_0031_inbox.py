"""Migration 0031 says who waits since when and how urgently, and finds what was said before it."""

import sqlalchemy as sa
from alembic import command

from tests.support.databases import move, rows, run

BEFORE, AFTER = "0025", "0031"

_CONVERSATION = (
    "INSERT INTO conversation (id, workspace_id, subject, requester, owner, next_seq, history, mailbox, lease_token,"
    " abort, created_at, updated_at)"
    " VALUES ('{id}', 'w', 'Parcel', '{{\"name\": \"Zoë\"}}', '{owner}', 9, 0, 'idle', 0, false, 1, 1)"
)
_MESSAGE = (
    "INSERT INTO message (id, workspace_id, conversation_id, seq, role, content, state, attempts, created_at)"
    " VALUES ('{id}', 'w', '{conversation}', {seq}, '{role}', '{content}', 'answered', 0, {at})"
)

#: PostgreSQL analyses, restores and, from version 17 on, builds indexes without the caller's search path.
_WITHOUT_SEARCH_PATH = """SET LOCAL search_path = pg_catalog, pg_temp; \
CREATE INDEX head ON {schema}.conversation USING gin ({schema}.search_head(subject, external_id, requester)); \
CREATE INDEX words ON {schema}.message USING gin ({schema}.search_words(content)); \
SET LOCAL search_path = ''; ANALYZE {schema}.conversation; ANALYZE {schema}.message; \
DROP INDEX {schema}.head, {schema}.words"""


def test_what_waits_and_what_was_said_is_known_after_the_upgrade(store):
    move(store, command.upgrade, BEFORE)
    run(store, "INSERT INTO workspace (id, name, callback_secret, created_at) VALUES ('w', 'w', 's', 1)")
    for id, owner in (("waits", "human"), ("replied", "human"), ("bot", "bot")):
        run(store, _CONVERSATION.format(id=id, owner=owner))
        said = (("customer", "Hi"), ("assistant", "Yes"), ("customer", "Where is Müller"))
        for seq, (role, content) in enumerate(said):
            values = {"conversation": id, "seq": seq, "role": role, "content": content, "at": 10 + seq}
            run(store, _MESSAGE.format(id=f"{id}{seq}", **values))
    run(store, _MESSAGE.format(id="r", conversation="replied", seq=5, role="agent", content="Here", at=20))
    run(
        store,
        "INSERT INTO escalation (id, workspace_id, conversation_id, state, reason, category, priority, summary,"
        " reasons, created_at) VALUES ('e', 'w', 'waits', 'open', 'rule', 'safety', 'urgent', '!', '[]', 1)",
    )
    move(store, command.upgrade, AFTER)
    kept = rows(store, "SELECT id, urgency, waiting_since FROM conversation ORDER BY id")
    assert kept == [("bot", 2, None), ("replied", 2, None), ("waits", 0, 12)]
    if store.is_sqlite:
        found = "SELECT conversation_id FROM search_words JOIN search_entry ON id = search_words.rowid"
        assert len(rows(store, f"{found} WHERE search_words MATCH 'muller'")) == 3
        assert len(rows(store, f"{found} WHERE search_words MATCH 'zoe parcel'")) == 3
    else:
        said = "SELECT id FROM message WHERE search_words(content) @@ to_tsquery('simple', 'muller')"
        assert len(rows(store, said)) == 3
        run(store, *_WITHOUT_SEARCH_PATH.format(schema=rows(store, "SELECT current_schema()")[0][0]).split("; "))
    move(store, command.downgrade, BEFORE)
    run(store, _MESSAGE.format(id="late", conversation="bot", seq=7, role="customer", content="Hello", at=30))
    assert "waiting_since" not in {column["name"] for column in sa.inspect(store.engine).get_columns("conversation")}
    assert len(rows(store, "SELECT id FROM message")) == 11
