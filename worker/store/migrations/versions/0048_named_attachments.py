"""Keep when a message named an attachment: a visitor's belongs to a conversation before"""

import sqlalchemy as sa
from alembic import op

revision = '0048'
down_revision = '0041'
branch_labels = None
depends_on = None

_UNNAMED = sa.text('named_at IS NULL')
_UNUSED = sa.text('conversation_id IS NULL')


def upgrade() -> None:
    op.add_column('attachment', sa.Column('named_at', sa.BigInteger()))
    op.execute('UPDATE attachment SET named_at = created_at WHERE conversation_id IS NOT NULL')
    op.drop_index('ix_attachment_unused', 'attachment')
    op.create_index(
        'ix_attachment_unused', 'attachment', ['created_at'], sqlite_where=_UNNAMED, postgresql_where=_UNNAMED
    )


def downgrade() -> None:
    # Those of visitors too are deleted after a day, as they belong to no conversation.
    op.execute('UPDATE attachment SET conversation_id = NULL WHERE named_at IS NULL')
    op.drop_index('ix_attachment_unused', 'attachment')
    op.drop_column('attachment', 'named_at')
    op.create_index(
        'ix_attachment_unused', 'attachment', ['created_at'], sqlite_where=_UNUSED, postgresql_where=_UNUSED
    )
