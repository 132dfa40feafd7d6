"""Name the metadata of documents and imports"""

from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

NAMES = (('document', 'shown', 'indexed_metadata'), ('document_import', 'marks', 'metadata'))


def upgrade() -> None:
    for table, old, new in NAMES:
        op.alter_column(table, old, new_column_name=new)


def downgrade() -> None:
    for table, old, new in NAMES:
        op.alter_column(table, new, new_column_name=old)
