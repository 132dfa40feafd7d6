"""Keep the desk's answers to what customers ask about the assistant"""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('voice', sa.Column('about', sa.JSON(none_as_null=True)))


def downgrade() -> None:
    with op.batch_alter_table('voice') as voice:
        voice.drop_column('about')
