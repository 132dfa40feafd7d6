"""Find the newest mail of a mailbox, each way, by an index"""

from alembic import op

revision = '0047'
down_revision = '0048'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_mail_newest', 'mail', ['mailbox_id', 'direction', 'created_at'])


def downgrade() -> None:
    op.drop_index('ix_mail_newest', 'mail')
