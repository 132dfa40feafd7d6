"""The categories of a desk"""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'category',
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('name', sa.String(length=48), nullable=False),
        sa.Column('priority', sa.String(length=16), nullable=False),
        sa.Column('examples', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('counter_examples', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('updated_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_category_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('workspace_id', 'name', name=op.f('pk_category')),
    )


def downgrade() -> None:
    op.drop_table('category')
