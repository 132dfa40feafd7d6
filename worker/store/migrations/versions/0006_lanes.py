"""Endpoints, and lanes that deliveries go in"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

UNSENT = sa.text("state = 'pending'")


def upgrade() -> None:
    op.add_column('endpoint', sa.Column('headers', sa.JSON(none_as_null=True)))
    op.add_column('endpoint', sa.Column('rate_limit', sa.String(length=32)))
    op.add_column('endpoint', sa.Column('old_secret', sa.String(length=200)))
    op.add_column('endpoint', sa.Column('old_until', sa.BigInteger()))
    op.add_column('endpoint', sa.Column('reason', sa.Text()))
    op.add_column('endpoint', sa.Column('updated_at', sa.BigInteger(), nullable=False, server_default='0'))
    op.create_index('ix_endpoint_list', 'endpoint', ['workspace_id', 'id'])
    op.create_table(
        'lane',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('failing_since', sa.BigInteger()),
        sa.Column('rest_until', sa.BigInteger()),
        sa.Column('paced_until', sa.BigInteger()),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_lane_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_lane')),
    )
    op.drop_index('ix_delivery_due', table_name='delivery')
    op.add_column('delivery', sa.Column('lane', sa.String(length=48), nullable=False, server_default=''))
    op.add_column('delivery', sa.Column('round', sa.Integer(), nullable=False, server_default='0'))
    op.execute("UPDATE delivery SET lane = workspace_id")
    op.create_index('ix_delivery_due', 'delivery', ['lane', 'due_at', 'event_id'], sqlite_where=UNSENT, postgresql_where=UNSENT)
    columns = ['conversation_id', 'lane', 'event_id']
    op.create_index('ix_delivery_order', 'delivery', columns, sqlite_where=UNSENT, postgresql_where=UNSENT)
    op.create_index('ix_delivery_endpoint_id', 'delivery', ['endpoint_id'])


def downgrade() -> None:
    op.drop_index('ix_delivery_endpoint_id', table_name='delivery')
    op.drop_index('ix_delivery_order', table_name='delivery')
    op.drop_index('ix_delivery_due', table_name='delivery')
    op.drop_column('delivery', 'round')
    op.drop_column('delivery', 'lane')
    op.create_index('ix_delivery_due', 'delivery', ['due_at'], sqlite_where=UNSENT, postgresql_where=UNSENT)
    op.drop_table('lane')
    op.drop_index('ix_endpoint_list', table_name='endpoint')
    for name in ('updated_at', 'reason', 'old_until', 'old_secret', 'rate_limit', 'headers'):
        op.drop_column('endpoint', name)
