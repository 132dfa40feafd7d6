"""What is counted has labels"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'sample',
        sa.Column('name', sa.String(length=64), nullable=False),
        sa.Column('labels', sa.String(length=250), nullable=False),
        sa.Column('value', sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint('name', 'labels', name=op.f('pk_sample')),
    )
    op.execute("INSERT INTO sample (name, labels, value) SELECT name, '', value FROM counter")
    op.drop_table('counter')


def downgrade() -> None:
    op.create_table(
        'counter',
        sa.Column('name', sa.String(length=64), nullable=False),
        sa.Column('value', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('name', name=op.f('pk_counter')),
    )
    op.execute("INSERT INTO counter (name, value) SELECT name, CAST(value AS BIGINT) FROM sample WHERE labels = ''")
    op.drop_table('sample')
