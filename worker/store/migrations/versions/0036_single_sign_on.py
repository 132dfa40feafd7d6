"""Who people are at the OpenID provider"""

import sqlalchemy as sa
from alembic import op

revision = '0036'
down_revision = '0035'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'account_identity',
        sa.Column('issuer', sa.String(length=500), nullable=False),
        sa.Column('subject', sa.String(length=255), nullable=False),
        sa.Column('account_id', sa.String(length=48), nullable=False),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ['account_id'], ['account.id'], name=op.f('fk_account_identity_account_id_account'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('issuer', 'subject', name=op.f('pk_account_identity')),
    )
    op.create_index('ix_account_identity_account_id', 'account_identity', ['account_id'])


def downgrade() -> None:
    op.drop_table('account_identity')
