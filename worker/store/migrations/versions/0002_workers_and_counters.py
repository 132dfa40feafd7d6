"""Workers and counters; sweepers answer what they find, so nobody counts hints; idempotency keys expire"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

_KEYED = sa.text("idempotency_key IS NOT NULL")


def upgrade() -> None:
    op.create_table('process',
    sa.Column('id', sa.String(length=48), nullable=False),
    sa.Column('roles', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('leases', sa.Integer(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=False),
    sa.Column('seen_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_process'))
    )
    op.create_table('counter',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('value', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_counter'))
    )
    op.create_index('ix_message_keyed', 'message', ['created_at'], sqlite_where=_KEYED, postgresql_where=_KEYED)
    op.create_index('ix_conversation_newest', 'conversation', ['workspace_id', 'id'])
    op.drop_column('conversation', 'hints')


def downgrade() -> None:
    op.add_column('conversation', sa.Column('hints', sa.Integer(), nullable=False, server_default='0'))
    op.drop_index('ix_conversation_newest', table_name='conversation')
    op.drop_index('ix_message_keyed', table_name='message')
    op.drop_table('counter')
    op.drop_table('process')
