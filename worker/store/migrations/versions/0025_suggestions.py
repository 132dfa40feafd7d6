"""Suggestions of articles, from what humans replied"""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0023'
branch_labels = None
depends_on = None

_HANDED_OFF = sa.text("state = 'handed_off'")
_UNDRAFTED = sa.text("state IN ('queued', 'drafting')")


def upgrade() -> None:
    op.create_index(
        'ix_message_handed_off', 'message', ['created_at'], sqlite_where=_HANDED_OFF, postgresql_where=_HANDED_OFF
    )
    op.create_table(
        'suggestion',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('state', sa.String(length=16), nullable=False),
        sa.Column('question', sa.Text(), nullable=False),
        sa.Column('title', sa.Text(), nullable=False),
        sa.Column('text', sa.Text(), nullable=False),
        sa.Column('written_by', sa.String(length=16), nullable=False),
        sa.Column('count', sa.Integer(), nullable=False),
        sa.Column('document_id', sa.String(length=48), nullable=True),
        sa.Column('note', sa.Text(), nullable=True),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.Column('updated_at', sa.BigInteger(), nullable=False),
        sa.Column('decided_at', sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_suggestion_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_suggestion')),
    )
    op.create_index('ix_suggestion_list', 'suggestion', ['workspace_id', 'id'])
    op.create_index('ix_suggestion_state', 'suggestion', ['workspace_id', 'state', 'id'])
    op.create_table(
        'exchange',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('suggestion_id', sa.String(length=48), nullable=True),
        sa.Column('conversation_id', sa.String(length=48), nullable=False),
        sa.Column('message_id', sa.String(length=48), nullable=False),
        sa.Column('state', sa.String(length=16), nullable=False),
        sa.Column('question', sa.Text(), nullable=False),
        sa.Column('reply', sa.Text(), nullable=False),
        sa.Column('asked_at', sa.BigInteger(), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('lease_token', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('due_at', sa.BigInteger(), nullable=True),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ['conversation_id'],
            ['conversation.id'],
            name=op.f('fk_exchange_conversation_id_conversation'),
            ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(
            ['suggestion_id'], ['suggestion.id'], name=op.f('fk_exchange_suggestion_id_suggestion'), ondelete='CASCADE'
        ),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_exchange_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_exchange')),
        sa.UniqueConstraint('message_id', name=op.f('uq_exchange_message_id')),
    )
    op.create_index('ix_exchange_conversation_id', 'exchange', ['conversation_id'])
    op.create_index('ix_exchange_suggestion_id', 'exchange', ['suggestion_id'])
    op.create_index('ix_exchange_due', 'exchange', ['due_at'], sqlite_where=_UNDRAFTED, postgresql_where=_UNDRAFTED)


def downgrade() -> None:
    op.drop_table('exchange')
    op.drop_table('suggestion')
    op.drop_index('ix_message_handed_off', table_name='message')
