"""Settings that workspaces override"""

import sqlalchemy as sa
from alembic import op

revision = '0037'
down_revision = '0036'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'workspace_settings',
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('version', sa.BigInteger(), nullable=False),
        sa.Column('overrides', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('secrets', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('updated_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ['workspace_id'], ['workspace.id'], name=op.f('fk_workspace_settings_workspace_id_workspace')
        ),
        sa.PrimaryKeyConstraint('workspace_id', name=op.f('pk_workspace_settings')),
    )


def downgrade() -> None:
    op.drop_table('workspace_settings')
