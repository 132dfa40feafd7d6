"""Keep the address that a visitor of the chat left, and what they have seen"""

import sqlalchemy as sa
from alembic import op

revision = '0045'
down_revision = '0040'
branch_labels = None
depends_on = None

_DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        'visitor_contact',
        sa.Column('conversation_id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('email', sa.String(length=320), nullable=False),
        sa.Column('origin', sa.Text()),
        sa.Column('seen_seq', sa.Integer(), nullable=False),
        sa.Column('mailed_seq', sa.Integer(), nullable=False),
        sa.Column('mailbox_id', sa.String(length=48)),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('due_at', sa.BigInteger()),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.Column('updated_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ['conversation_id'],
            ['conversation.id'],
            name=op.f('fk_visitor_contact_conversation_id_conversation'),
            ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(
            ['workspace_id'], ['workspace.id'], name=op.f('fk_visitor_contact_workspace_id_workspace')
        ),
        sa.PrimaryKeyConstraint('conversation_id', name=op.f('pk_visitor_contact')),
    )
    op.create_index('ix_visitor_contact_due', 'visitor_contact', ['due_at'], sqlite_where=_DUE, postgresql_where=_DUE)


def downgrade() -> None:
    op.drop_table('visitor_contact')
