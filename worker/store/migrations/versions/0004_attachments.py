"""Files that come with messages"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_UNUSED = sa.text("conversation_id IS NULL")


def upgrade() -> None:
    op.create_table(
        'attachment',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('conversation_id', sa.String(length=48)),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('media_type', sa.String(length=100), nullable=False),
        sa.Column('size', sa.Integer(), nullable=False),
        sa.Column('source', sa.LargeBinary(), nullable=False),
        sa.Column('text', sa.Text()),
        sa.Column('sections', sa.JSON(none_as_null=True)),
        sa.Column('error', sa.Text()),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ['conversation_id'],
            ['conversation.id'],
            name=op.f('fk_attachment_conversation_id_conversation'),
            ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_attachment_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment')),
    )
    op.create_index(op.f('ix_attachment_conversation_id'), 'attachment', ['conversation_id'])
    op.create_index(
        'ix_attachment_unused', 'attachment', ['created_at'], sqlite_where=_UNUSED, postgresql_where=_UNUSED
    )
    op.add_column('message', sa.Column('attachments', sa.JSON(none_as_null=True)))


def downgrade() -> None:
    op.drop_column('message', 'attachments')
    op.drop_table('attachment')
