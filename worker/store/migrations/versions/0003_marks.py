"""Documents have marks to filter by and come many at once; snapshots in their new form are published anew"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

_UNFINISHED = sa.text("state IN ('queued', 'running')")


def upgrade() -> None:
    op.add_column('document', sa.Column('titled', sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column('document', sa.Column('collection', sa.String(length=100)))
    op.add_column('document', sa.Column('language', sa.String(length=16)))
    op.add_column('document', sa.Column('tags', sa.JSON(none_as_null=True)))
    op.add_column('document', sa.Column('audience', sa.String(length=16), nullable=False, server_default='public'))
    op.add_column('document', sa.Column('shown', sa.JSON(none_as_null=True)))
    # What is indexed was public, under the title and the address that its document has now.
    kept = sa.table('document', *(sa.column(name) for name in ('id', 'title', 'url', 'text')), sa.column('shown', sa.JSON))
    rows = op.get_bind().execute(sa.select(kept.c.id, kept.c.title, kept.c.url).where(kept.c.text.is_not(None))).all()
    for row in rows:
        shown = {'title': row.title, 'url': row.url, 'audience': 'public'}
        op.execute(kept.update().where(kept.c.id == row.id).values(shown=shown))
    op.create_table(
        'document_import',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('kind', sa.String(length=16), nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('source', sa.LargeBinary(), nullable=False),
        sa.Column('marks', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('state', sa.String(length=16), nullable=False),
        sa.Column('error', sa.Text()),
        sa.Column('added', sa.Integer(), nullable=False),
        sa.Column('unchanged', sa.Integer(), nullable=False),
        sa.Column('failed', sa.JSON(none_as_null=True)),
        sa.Column('done', sa.Integer(), nullable=False, server_default='0'),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('due_at', sa.BigInteger()),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.Column('finished_at', sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ['workspace_id'], ['workspace.id'], name=op.f('fk_document_import_workspace_id_workspace')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_document_import')),
    )
    op.create_index('ix_document_import_list', 'document_import', ['workspace_id', 'id'])
    op.create_index(
        'ix_document_import_due', 'document_import', ['due_at'], sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED
    )
    # A sweep publishes every knowledge base that changed after its snapshot: this one is of a format that is read.
    op.execute("UPDATE workspace SET knowledge_revision = knowledge_revision + 1 WHERE snapshot_version IS NOT NULL")


def downgrade() -> None:
    op.drop_table('document_import')
    for name in ('titled', 'collection', 'language', 'tags', 'audience', 'shown'):
        op.drop_column('document', name)
