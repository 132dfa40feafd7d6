"""Sources that are looked at again"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None

_LOOKED_AT = sa.text("state IN ('idle', 'queued', 'running')")


def upgrade() -> None:
    op.create_table(
        'source',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('name', sa.String(length=100), nullable=False),
        sa.Column('kind', sa.String(length=16), nullable=False),
        sa.Column('location', sa.Text(), nullable=False),
        sa.Column('token', sa.Text(), nullable=True),
        sa.Column('options', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('metadata', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('interval_s', sa.Integer(), nullable=False),
        sa.Column('state', sa.String(length=16), nullable=False),
        sa.Column('run_id', sa.String(length=48), nullable=True),
        sa.Column('cursor', sa.JSON(none_as_null=True), nullable=True),
        sa.Column('failures', sa.Integer(), server_default='0', nullable=False),
        sa.Column('error', sa.Text(), nullable=True),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('lease_token', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('due_at', sa.BigInteger(), nullable=True),
        sa.Column('looked_at', sa.BigInteger(), nullable=True),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.Column('updated_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_source_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_source')),
        sa.UniqueConstraint('workspace_id', 'name', name=op.f('uq_source_workspace_id_name')),
    )
    op.create_index('ix_source_list', 'source', ['workspace_id', 'id'])
    op.create_index('ix_source_due', 'source', ['due_at'], sqlite_where=_LOOKED_AT, postgresql_where=_LOOKED_AT)
    op.create_table(
        'source_item',
        sa.Column('source_id', sa.String(length=48), nullable=False),
        sa.Column('key', sa.Text(), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('document_id', sa.String(length=48), nullable=True),
        sa.Column('digest', sa.String(length=64), nullable=True),
        sa.Column('etag', sa.Text(), nullable=True),
        sa.Column('last_modified', sa.Text(), nullable=True),
        sa.Column('mark', sa.Text(), nullable=True),
        sa.Column('listed_mark', sa.Text(), nullable=True),
        sa.Column('listed_run', sa.String(length=48), nullable=True),
        sa.Column('read_run', sa.String(length=48), nullable=True),
        sa.Column('pending', sa.Boolean(), nullable=False),
        sa.Column('outcome', sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ['document_id'],
            ['document.id'],
            name=op.f('fk_source_item_document_id_document'),
            ondelete='SET NULL',
        ),
        sa.ForeignKeyConstraint(
            ['source_id'], ['source.id'], name=op.f('fk_source_item_source_id_source'), ondelete='CASCADE'
        ),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_source_item_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('source_id', 'key', name=op.f('pk_source_item')),
    )
    op.create_index('ix_source_item_document_id', 'source_item', ['document_id'])
    op.create_table(
        'source_run',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('source_id', sa.String(length=48), nullable=False),
        sa.Column('state', sa.String(length=16), nullable=False),
        sa.Column('accepts_loss', sa.Boolean(), nullable=False),
        sa.Column('total', sa.Integer(), nullable=True),
        sa.Column('complete', sa.Boolean(), nullable=False),
        sa.Column('cursor', sa.JSON(none_as_null=True), nullable=True),
        sa.Column('added', sa.Integer(), nullable=False),
        sa.Column('changed', sa.Integer(), nullable=False),
        sa.Column('unchanged', sa.Integer(), nullable=False),
        sa.Column('gone', sa.Integer(), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('failed', sa.JSON(none_as_null=True), nullable=True),
        sa.Column('error', sa.Text(), nullable=True),
        sa.Column('started_at', sa.BigInteger(), nullable=False),
        sa.Column('finished_at', sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ['source_id'], ['source.id'], name=op.f('fk_source_run_source_id_source'), ondelete='CASCADE'
        ),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_source_run_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_source_run')),
    )
    op.create_index('ix_source_run_list', 'source_run', ['source_id', 'id'])


def downgrade() -> None:
    op.drop_table('source_run')
    op.drop_table('source_item')
    op.drop_table('source')
