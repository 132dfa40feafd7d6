"""Keep the role that groups give beside the one that people have without them"""

import sqlalchemy as sa
from alembic import op

revision = '0040'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('membership', sa.Column('group_role', sa.String(length=16), nullable=True))
    op.execute("UPDATE membership SET group_role = role WHERE invited_by = 'single sign-on'")


def downgrade() -> None:
    op.execute('UPDATE membership SET role = coalesce(group_role, role)')
    with op.batch_alter_table('membership') as batch:
        batch.drop_column('group_role')
