"""Operators: what they did and how they log in; what was found for a message, and its trace"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'audit',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('actor', sa.String(length=200), nullable=False),
        sa.Column('key_id', sa.String(length=48), nullable=True),
        sa.Column('via', sa.String(length=16), nullable=False),
        sa.Column('action', sa.String(length=64), nullable=False),
        sa.Column('subject', sa.String(length=200), nullable=True),
        sa.Column('request_id', sa.String(length=128), nullable=True),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_audit_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_audit')),
    )
    op.create_index('ix_audit_list', 'audit', ['workspace_id', 'id'])
    with op.batch_alter_table('api_key') as batch:
        batch.add_column(sa.Column('login', sa.String(length=100), nullable=True))
        batch.add_column(sa.Column('password', sa.Text(), nullable=True))
        batch.create_unique_constraint(op.f('uq_api_key_login'), ['login'])
    with op.batch_alter_table('message') as batch:
        batch.add_column(sa.Column('traceparent', sa.String(length=64), nullable=True))
        batch.add_column(sa.Column('retrieved', sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('message') as batch:
        batch.drop_column('retrieved')
        batch.drop_column('traceparent')
    with op.batch_alter_table('api_key') as batch:
        batch.drop_constraint(op.f('uq_api_key_login'), type_='unique')
        batch.drop_column('password')
        batch.drop_column('login')
    op.drop_index('ix_audit_list', 'audit')
    op.drop_table('audit')
