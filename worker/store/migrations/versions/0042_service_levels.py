"""Targets for the first response and the resolution of conversations that humans have"""

import sqlalchemy as sa
from alembic import op

revision = '0042'
down_revision = '0045'
branch_labels = None
depends_on = None

_STATE = "(CASE WHEN waiting_since IS NOT NULL THEN waiting_since * 4 + urgency WHEN owner = 'human' THEN 1 ELSE 0 END)"
_STALE = sa.text(f'sla_seen <> {_STATE}')
_DUE = sa.text('sla_due_at IS NOT NULL')
_OPEN = sa.text('closed_at IS NULL')
_NOTICE = sa.text('notice_at IS NOT NULL')
_COLUMNS = ('sla_target', 'sla_due_at', 'sla_warn_at', 'sla_seen')
_TIMES = ('since', 'due_at', 'warn_at', 'notice_at', 'warned_at', 'breached_at')


def upgrade() -> None:
    op.add_column('conversation', sa.Column('sla_target', sa.String(16), nullable=True))
    op.add_column('conversation', sa.Column('sla_due_at', sa.BigInteger(), nullable=True))
    op.add_column('conversation', sa.Column('sla_warn_at', sa.BigInteger(), nullable=True))
    op.add_column('conversation', sa.Column('sla_seen', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('workspace', sa.Column('sla_policy', sa.Text(), server_default='', nullable=False))
    # Nobody owes a reply in these; those that wait get their targets once a workspace has some.
    op.execute(f"UPDATE conversation SET sla_seen = {_STATE} WHERE owner = 'human'")
    op.create_index(
        'ix_conversation_sla_due',
        'conversation',
        ['workspace_id', 'sla_due_at', 'id'],
        sqlite_where=_DUE,
        postgresql_where=_DUE,
    )
    op.create_index(
        'ix_conversation_sla_stale', 'conversation', ['id'], sqlite_where=_STALE, postgresql_where=_STALE
    )
    op.create_table(
        'service_target',
        sa.Column('id', sa.String(48), nullable=False),
        sa.Column('workspace_id', sa.String(48), nullable=False),
        sa.Column('conversation_id', sa.String(48), nullable=False),
        sa.Column('target', sa.String(16), nullable=False),
        sa.Column('priority', sa.String(16), nullable=False),
        sa.Column('state', sa.String(16), nullable=False),
        sa.Column('target_ms', sa.BigInteger(), nullable=False),
        sa.Column('left_ms', sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in _TIMES),
        sa.Column('started_at', sa.BigInteger(), nullable=False),
        sa.Column('ended_at', sa.BigInteger(), nullable=True),
        sa.Column('closed_at', sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ['conversation_id'],
            ['conversation.id'],
            name='fk_service_target_conversation_id_conversation',
            ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name='fk_service_target_workspace_id_workspace'),
        sa.PrimaryKeyConstraint('id', name='pk_service_target'),
    )
    op.create_index(
        'ix_service_target_open',
        'service_target',
        ['conversation_id', 'target'],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index(
        'ix_service_target_notice', 'service_target', ['notice_at'], sqlite_where=_NOTICE, postgresql_where=_NOTICE
    )
    op.create_index('ix_service_target_report', 'service_target', ['workspace_id', 'started_at'])
    op.create_index('ix_service_target_conversation_id', 'service_target', ['conversation_id'])


def downgrade() -> None:
    op.drop_table('service_target')
    op.drop_index('ix_conversation_sla_stale', 'conversation')
    op.drop_index('ix_conversation_sla_due', 'conversation')
    for name in reversed(_COLUMNS):
        op.drop_column('conversation', name)
    op.drop_column('workspace', 'sla_policy')
