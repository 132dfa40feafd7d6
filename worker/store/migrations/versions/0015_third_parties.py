"""Messages from third parties"""

from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE message RENAME COLUMN stranger TO from_third_party')


def downgrade() -> None:
    op.execute('ALTER TABLE message RENAME COLUMN from_third_party TO stranger')
