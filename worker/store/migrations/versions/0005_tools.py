"""What models cost, what is known of customers, what tools did"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('message', sa.Column('key_id', sa.String(length=48)))
    op.add_column('message', sa.Column('stranger', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('process', sa.Column('caches', sa.JSON(none_as_null=True)))
    op.create_table(
        'spending',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('scope', sa.String(length=16), nullable=False),
        sa.Column('subject', sa.String(length=48), nullable=False),
        sa.Column('day', sa.String(length=10), nullable=False),
        sa.Column('calls', sa.Integer(), nullable=False),
        sa.Column('prompt_tokens', sa.BigInteger(), nullable=False),
        sa.Column('completion_tokens', sa.BigInteger(), nullable=False),
        sa.Column('cost_usd', sa.Float(), nullable=False),
        sa.Column('updated_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_spending_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_spending')),
        sa.UniqueConstraint('workspace_id', 'scope', 'subject', 'day', name=op.f('uq_spending_workspace_id_scope_subject_day')),
    )
    op.create_index('ix_spending_list', 'spending', ['workspace_id', 'scope', 'id'])
    op.create_table(
        'memory',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('customer', sa.String(length=320), nullable=False),
        sa.Column('name', sa.String(length=100), nullable=False),
        sa.Column('value', sa.Text(), nullable=False),
        sa.Column('source', sa.String(length=16), nullable=False),
        sa.Column('conversation_id', sa.String(length=48)),
        sa.Column('expires_at', sa.BigInteger(), nullable=False),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.Column('updated_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_memory_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_memory')),
        sa.UniqueConstraint('workspace_id', 'customer', 'name', name=op.f('uq_memory_workspace_id_customer_name')),
    )
    op.create_index('ix_memory_list', 'memory', ['workspace_id', 'id'])
    op.create_index('ix_memory_expires', 'memory', ['expires_at'])
    op.create_table(
        'tool_call',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('conversation_id', sa.String(length=48), nullable=False),
        sa.Column('message_id', sa.String(length=48), nullable=False),
        sa.Column('tool', sa.String(length=64), nullable=False),
        sa.Column('arguments', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('state', sa.String(length=16), nullable=False),
        sa.Column('confirmed_by', sa.String(length=48)),
        sa.Column('result', sa.Text()),
        sa.Column('error', sa.Text()),
        sa.Column('duration_ms', sa.Integer()),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.Column('finished_at', sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ['conversation_id'],
            ['conversation.id'],
            name=op.f('fk_tool_call_conversation_id_conversation'),
            ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_tool_call_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_tool_call')),
    )
    op.create_index(op.f('ix_tool_call_conversation_id'), 'tool_call', ['conversation_id'])


def downgrade() -> None:
    for name in ('tool_call', 'memory', 'spending'):
        op.drop_table(name)
    op.drop_column('process', 'caches')
    op.drop_column('message', 'stranger')
    op.drop_column('message', 'key_id')
