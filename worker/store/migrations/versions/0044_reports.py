"""Keep what reports count of each conversation, who wants the weekly report, and skipped steps of the onboarding"""

import sqlalchemy as sa
from alembic import op

revision = '0044'
down_revision = '0042'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'conversation_fact',
        sa.Column('conversation_id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('started_at', sa.BigInteger(), nullable=False),
        sa.Column('channel', sa.String(length=64), nullable=True),
        sa.Column('language', sa.String(length=16), nullable=True),
        sa.Column('outcome', sa.String(length=24), nullable=False),
        sa.Column('handoff_reason', sa.String(length=32), nullable=True),
        sa.Column('reopened', sa.Boolean(), nullable=False),
        sa.Column('rating', sa.String(length=8), nullable=True),
        sa.Column('first_response_ms', sa.BigInteger(), nullable=True),
        sa.Column('resolution_ms', sa.BigInteger(), nullable=True),
        sa.Column('cost_usd', sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ['workspace_id'], ['workspace.id'], name='fk_conversation_fact_workspace_id_workspace'
        ),
        sa.PrimaryKeyConstraint('conversation_id', name='pk_conversation_fact'),
    )
    op.create_index('ix_conversation_fact_started', 'conversation_fact', ['workspace_id', 'started_at'])
    op.create_table(
        'report_cell',
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('day', sa.Integer(), nullable=False),
        sa.Column('channel', sa.String(length=64), nullable=False),
        sa.Column('language', sa.String(length=16), nullable=False),
        sa.Column('counts', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('handoffs', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('cost_usd', sa.Float(), nullable=False),
        sa.Column('first_response_ms', sa.LargeBinary(), nullable=False),
        sa.Column('resolution_ms', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name='fk_report_cell_workspace_id_workspace'),
        sa.PrimaryKeyConstraint('workspace_id', 'day', 'channel', 'language', name='pk_report_cell'),
    )
    op.add_column('conversation', sa.Column('reported_at', sa.BigInteger(), server_default='0', nullable=False))
    stale = sa.text('reported_at < updated_at')
    op.create_index(
        'ix_conversation_unreported', 'conversation', ['updated_at'], sqlite_where=stale, postgresql_where=stale
    )
    op.add_column('membership', sa.Column('report_due_at', sa.BigInteger(), nullable=True))
    wanted = sa.text('report_due_at IS NOT NULL')
    op.create_index(
        'ix_membership_report', 'membership', ['report_due_at'], sqlite_where=wanted, postgresql_where=wanted
    )
    op.add_column('workspace', sa.Column('skipped_steps', sa.JSON(), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM account_mail WHERE kind = 'weekly_report'")
    op.drop_column('workspace', 'skipped_steps')
    op.drop_index('ix_membership_report', table_name='membership')
    op.drop_column('membership', 'report_due_at')
    op.drop_index('ix_conversation_unreported', table_name='conversation')
    op.drop_column('conversation', 'reported_at')
    op.drop_table('report_cell')
    op.drop_index('ix_conversation_fact_started', table_name='conversation_fact')
    op.drop_table('conversation_fact')
