"""Order events by the transactions that recorded them, use no id of one again, and find a customer's conversations"""

import sqlalchemy as sa
from alembic import op

revision = '0039'
down_revision = '0038'
branch_labels = None
depends_on = None

_OF_SQLITE = {'id': "json_extract(requester, '$.id')", 'email': "lower(json_extract(requester, '$.email'))"}
_OF_POSTGRESQL = {'id': "(requester ->> 'id'::text)", 'email': "lower(requester ->> 'email'::text)"}

_COLUMNS = ['workspace_id', 'transaction_id', 'id']


def upgrade() -> None:
    column = sa.Column('transaction_id', sa.BigInteger(), nullable=False, server_default='0')
    if op.get_bind().dialect.name == 'postgresql':
        op.add_column('event', column)  # the constant is not written into the rows that there are
        op.execute('ALTER TABLE event ALTER COLUMN transaction_id SET DEFAULT (pg_current_xact_id()::text::bigint)')
    else:
        with op.batch_alter_table('event', recreate='always', table_kwargs={'sqlite_autoincrement': True}) as batch:
            batch.add_column(column)
    op.create_index('ix_event_feed', 'event', _COLUMNS)
    expressions = _OF_POSTGRESQL if op.get_bind().dialect.name == 'postgresql' else _OF_SQLITE
    for name, expression in expressions.items():
        columns = ['workspace_id', sa.text(expression), 'id']
        op.create_index(f'ix_conversation_requester_{name}', 'conversation', columns)


def downgrade() -> None:
    for name in _OF_SQLITE:
        op.drop_index(f'ix_conversation_requester_{name}', 'conversation')
    op.drop_index('ix_event_feed', 'event')
    recreate = 'always' if op.get_bind().dialect.name == 'sqlite' else 'auto'
    with op.batch_alter_table('event', recreate=recreate) as batch:
        batch.drop_column('transaction_id')
