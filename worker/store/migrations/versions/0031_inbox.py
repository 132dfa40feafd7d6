"""Sort the inbox by urgency, search what was said, and keep drafts that failed the check"""

import sqlalchemy as sa
from alembic import op

revision = '0031'
down_revision = '0025'
branch_labels = None
depends_on = None

_WAITING = sa.text('waiting_since IS NOT NULL')
_REPLIED = sa.text("owner = 'human' AND waiting_since IS NULL")

#: Since when a customer waits for a human: their first message after the last that somebody wrote to them.
_BACKFILL = """
UPDATE conversation SET
  waiting_since = (
    SELECT min(m.created_at) FROM message m WHERE m.conversation_id = conversation.id AND m.role = 'customer'
    AND m.seq > coalesce((SELECT max(r.seq) FROM message r WHERE r.conversation_id = m.conversation_id
                          AND r.role <> 'customer'), 0)),
  urgency = coalesce((
    SELECT CASE e.priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 ELSE 2 END FROM escalation e
    WHERE e.conversation_id = conversation.id AND e.state <> 'closed'), 2)
WHERE owner = 'human'
"""

# SQLite: a full-text index without a copy of the text, kept by triggers. `search_entry` gives its rows ids that stay
# the same when the database is vacuumed.


def _head(row: str) -> str:
    fields = [f'{row}.subject', f'{row}.external_id']
    fields += [f"json_extract({row}.requester, '$.{name}')" for name in ('name', 'email', 'id')]
    return " || ' ' || ".join(f"coalesce({field}, '')" for field in fields)


def _added(row: str, message_id: str, words: str) -> str:
    conversation_id = f'{row}.id' if message_id == 'NULL' else f'{row}.conversation_id'
    return (
        'INSERT INTO search_entry (workspace_id, conversation_id, message_id) '
        f'VALUES ({row}.workspace_id, {conversation_id}, {message_id}); '
        f'INSERT INTO search_words (rowid, words) VALUES (last_insert_rowid(), {words});'
    )


_OF_MESSAGE = 'WHERE message_id = old.id'
_OF_HEAD = 'WHERE conversation_id = old.id AND message_id IS NULL'


def _removed(where: str, words: str) -> str:
    return (
        f"INSERT INTO search_words (search_words, rowid, words) SELECT 'delete', id, {words} FROM search_entry {where};"
        f' DELETE FROM search_entry {where};'
    )


_TRIGGERS = {
    'search_message_added': ('AFTER INSERT ON message', _added('new', 'new.id', 'new.content')),
    'search_message_removed': ('AFTER DELETE ON message', _removed(_OF_MESSAGE, 'old.content')),
    'search_message_changed': (
        'AFTER UPDATE OF content ON message',
        f"{_removed(_OF_MESSAGE, 'old.content')} {_added('new', 'new.id', 'new.content')}",
    ),
    'search_head_added': ('AFTER INSERT ON conversation', _added('new', 'NULL', _head('new'))),
    'search_head_removed': ('AFTER DELETE ON conversation', _removed(_OF_HEAD, _head('old'))),
    'search_head_changed': (
        'AFTER UPDATE OF subject, requester, external_id ON conversation',
        f"{_removed(_OF_HEAD, _head('old'))} {_added('new', 'NULL', _head('new'))}",
    ),
}

_SQLITE = (
    'CREATE TABLE search_entry (id INTEGER PRIMARY KEY AUTOINCREMENT, workspace_id VARCHAR(48) NOT NULL, '
    'conversation_id VARCHAR(48) NOT NULL, message_id VARCHAR(48))',
    "CREATE VIRTUAL TABLE search_words USING fts5(words, content='', tokenize='unicode61 remove_diacritics 2')",
    'INSERT INTO search_entry (workspace_id, conversation_id, message_id) '
    'SELECT workspace_id, conversation_id, id FROM message',
    'INSERT INTO search_words (rowid, words) '
    'SELECT e.id, m.content FROM search_entry e JOIN message m ON m.id = e.message_id',
    'INSERT INTO search_entry (workspace_id, conversation_id) SELECT workspace_id, id FROM conversation',
    f"INSERT INTO search_words (rowid, words) SELECT e.id, {_head('c')} FROM search_entry e "
    'JOIN conversation c ON c.id = e.conversation_id WHERE e.message_id IS NULL',
    'CREATE UNIQUE INDEX ix_search_entry_message ON search_entry (message_id) WHERE message_id IS NOT NULL',
    'CREATE INDEX ix_search_entry_head ON search_entry (conversation_id) WHERE message_id IS NULL',
    *(f'CREATE TRIGGER {name} {event} BEGIN {body} END' for name, (event, body) in _TRIGGERS.items()),
)

# PostgreSQL: two functions, on which `worker.store.migrate` builds GIN indexes once this is committed. Marks are removed
# after decomposition, and punctuation becomes spaces, so that the parts of addresses and of hyphenated words are words,
# and no word looks like a tag. A final sigma is a sigma. Indexes are built, analysed and restored without a search path: neither function may
# call another that is not in `pg_catalog`.


def _vector(said: str) -> str:
    plain = f"pg_catalog.lower(pg_catalog.normalize({said}, 'NFKD'))"
    plain = rf"pg_catalog.regexp_replace({plain}, '[\u0300-\u036f]', '', 'g')"
    plain = f"pg_catalog.translate({plain}, '<>-_@./:+&#=?''’ς', '               σ')"
    return f"SELECT pg_catalog.to_tsvector('pg_catalog.simple'::pg_catalog.regconfig, {plain})"


_IMMUTABLE = 'RETURNS tsvector IMMUTABLE PARALLEL SAFE LANGUAGE sql AS'
_HEAD = (
    "pg_catalog.concat_ws(' ', subject, external_id, requester->>'name', requester->>'email', requester->>'id')"
)
_POSTGRESQL = (
    f"CREATE FUNCTION search_words(said text) {_IMMUTABLE} $${_vector('said')}$$",
    f'CREATE FUNCTION search_head(subject text, external_id text, requester json) {_IMMUTABLE} $${_vector(_HEAD)}$$',
)


def upgrade() -> None:
    op.add_column('conversation', sa.Column('urgency', sa.SmallInteger(), server_default='2', nullable=False))
    op.add_column('conversation', sa.Column('waiting_since', sa.BigInteger(), nullable=True))
    op.add_column('message', sa.Column('draft', sa.JSON(none_as_null=True), nullable=True))
    op.create_index(
        'ix_conversation_waiting',
        'conversation',
        ['workspace_id', 'urgency', 'waiting_since', 'id'],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_index(
        'ix_conversation_replied',
        'conversation',
        ['workspace_id', 'updated_at', 'id'],
        sqlite_where=_REPLIED,
        postgresql_where=_REPLIED,
    )
    op.execute(_BACKFILL)
    for statement in _SQLITE if op.get_bind().dialect.name == 'sqlite' else _POSTGRESQL:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        statements = [f'DROP TRIGGER {name}' for name in _TRIGGERS]
        statements += ['DROP TABLE search_words', 'DROP TABLE search_entry']
    else:
        statements = ['DROP INDEX IF EXISTS ix_message_words', 'DROP INDEX IF EXISTS ix_conversation_head']
        statements += ['DROP FUNCTION search_head(text, text, json)', 'DROP FUNCTION search_words(text)']
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)
    op.drop_index('ix_conversation_replied', 'conversation')
    op.drop_index('ix_conversation_waiting', 'conversation')
    op.drop_column('message', 'draft')
    op.drop_column('conversation', 'waiting_since')
    op.drop_column('conversation', 'urgency')
