"""Fencing tokens of documents and imports"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

TABLES = ('document', 'document_import')


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column('lease_token', sa.BigInteger(), nullable=False, server_default='0'))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, 'lease_token')
