"""Keep the questions that a reply leaves open"""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('reply', sa.Column('unanswered', sa.JSON(none_as_null=True)))


def downgrade() -> None:
    with op.batch_alter_table('reply') as reply:
        reply.drop_column('unanswered')
