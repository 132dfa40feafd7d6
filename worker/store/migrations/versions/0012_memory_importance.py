"""Importance of memories"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('memory', sa.Column('importance', sa.Float(), server_default=sa.text('0.5'), nullable=False))


def downgrade() -> None:
    op.drop_column('memory', 'importance')
