"""Keep the confidence of a reply"""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('reply', sa.Column('confidence', sa.Float()))


def downgrade() -> None:
    with op.batch_alter_table('reply') as reply:
        reply.drop_column('confidence')
