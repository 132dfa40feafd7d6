"""Helpdesks"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.add_column('conversation', sa.Column('helpdesk_id', sa.String(length=48)))
    op.create_table(
        'helpdesk',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('name', sa.String(length=100), nullable=False),
        sa.Column('kind', sa.String(length=16), nullable=False),
        sa.Column('url', sa.Text(), nullable=False),
        sa.Column('token', sa.Text(), nullable=False),
        sa.Column('webhook_secret', sa.Text(), nullable=False),
        sa.Column('options', JSON, nullable=False),
        sa.Column('mode', sa.String(length=16), nullable=False),
        sa.Column('languages', JSON),
        sa.Column('hours', JSON),
        sa.Column('handoff', JSON),
        sa.Column('answered', JSON),
        sa.Column('resume_tag', sa.String(length=100)),
        sa.Column('state', sa.String(length=16), nullable=False),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.Column('updated_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_helpdesk_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_helpdesk')),
        sa.UniqueConstraint('workspace_id', 'name', name=op.f('uq_helpdesk_workspace_id_name')),
    )
    op.create_table(
        'helpdesk_message',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('helpdesk_id', sa.String(length=48), nullable=False),
        sa.Column('ticket', sa.String(length=100), nullable=False),
        sa.Column('external_id', sa.String(length=200)),
        sa.Column('direction', sa.String(length=8), nullable=False),
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ['workspace_id'], ['workspace.id'], name=op.f('fk_helpdesk_message_workspace_id_workspace')
        ),
        sa.ForeignKeyConstraint(
            ['helpdesk_id'],
            ['helpdesk.id'],
            name=op.f('fk_helpdesk_message_helpdesk_id_helpdesk'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_helpdesk_message')),
        sa.UniqueConstraint('helpdesk_id', 'external_id', name=op.f('uq_helpdesk_message_helpdesk_id_external_id')),
    )
    op.create_index('ix_helpdesk_message_ticket', 'helpdesk_message', ['helpdesk_id', 'ticket', 'digest'])
    hook = sa.text("direction = 'hook'")
    op.create_index(
        'ix_helpdesk_message_hook', 'helpdesk_message', ['created_at'], sqlite_where=hook, postgresql_where=hook
    )


def downgrade() -> None:
    op.drop_table('helpdesk_message')
    op.drop_table('helpdesk')
    op.drop_column('conversation', 'helpdesk_id')
