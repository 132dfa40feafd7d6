"""Escalations, and when helpdesks were heard"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.create_table(
        'escalation',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('conversation_id', sa.String(length=48), nullable=False),
        sa.Column('message_id', sa.String(length=48)),
        sa.Column('state', sa.String(length=16), nullable=False),
        sa.Column('reason', sa.String(length=32), nullable=False),
        sa.Column('category', sa.String(length=200), nullable=False),
        sa.Column('priority', sa.String(length=16), nullable=False),
        sa.Column('summary', sa.Text(), nullable=False),
        sa.Column('reasons', JSON, nullable=False),
        sa.Column('assignee', sa.String(length=200)),
        sa.Column('note', sa.Text()),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.Column('assigned_at', sa.BigInteger()),
        sa.Column('closed_at', sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ['workspace_id'], ['workspace.id'], name=op.f('fk_escalation_workspace_id_workspace')
        ),
        sa.ForeignKeyConstraint(
            ['conversation_id'],
            ['conversation.id'],
            name=op.f('fk_escalation_conversation_id_conversation'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_escalation')),
    )
    undone = sa.text("state IN ('open', 'assigned')")
    op.create_index(
        'ix_escalation_undone',
        'escalation',
        ['conversation_id'],
        unique=True,
        sqlite_where=undone,
        postgresql_where=undone,
    )
    op.create_index('ix_escalation_conversation_id', 'escalation', ['conversation_id'])
    op.create_index('ix_escalation_list', 'escalation', ['workspace_id', 'id'])
    op.create_index('ix_escalation_work', 'escalation', ['workspace_id', 'state', 'id'])
    op.add_column('helpdesk', sa.Column('heard_at', sa.BigInteger()))
    op.add_column('helpdesk', sa.Column('refused_at', sa.BigInteger()))
    human = sa.text("owner = 'human'")
    op.create_index(
        'ix_conversation_human', 'conversation', ['updated_at'], sqlite_where=human, postgresql_where=human
    )


def downgrade() -> None:
    op.drop_index('ix_conversation_human', 'conversation')
    op.drop_column('helpdesk', 'refused_at')
    op.drop_column('helpdesk', 'heard_at')
    op.drop_table('escalation')
