"""Keys of requests that make anything but messages"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'request_key',
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('key', sa.String(length=255), nullable=False),
        sa.Column('fingerprint', sa.String(length=64), nullable=False),
        sa.Column('made', sa.String(length=48), nullable=False),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_request_key_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('workspace_id', 'key', name=op.f('pk_request_key')),
    )
    op.create_index('ix_request_key_created_at', 'request_key', ['created_at'])


def downgrade() -> None:
    op.drop_index('ix_request_key_created_at', 'request_key')
    op.drop_table('request_key')
