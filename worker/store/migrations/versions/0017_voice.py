"""The voice of a workspace, and the kind and the form of replies"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

COLUMNS = ('kind', 'options', 'greeting', 'signature', 'citation_style')


def upgrade() -> None:
    op.create_table(
        'voice',
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('name', sa.String(length=200), nullable=True),
        sa.Column('tone', sa.String(length=200), nullable=True),
        sa.Column('max_sentences', sa.Integer(), nullable=False),
        sa.Column('languages', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('asks_back', sa.Boolean(), nullable=True),
        sa.Column('guidance', sa.Text(), nullable=True),
        sa.Column('avoided_topics', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('channels', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('updated_at', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_voice_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('workspace_id', name=op.f('pk_voice')),
    )
    op.add_column('reply', sa.Column('kind', sa.String(length=16), server_default='answer', nullable=False))
    op.add_column('reply', sa.Column('options', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('reply', sa.Column('greeting', sa.Text(), nullable=True))
    op.add_column('reply', sa.Column('signature', sa.Text(), nullable=True))
    op.add_column(
        'reply', sa.Column('citation_style', sa.String(length=16), server_default='numbers', nullable=False)
    )


def downgrade() -> None:
    op.execute("UPDATE escalation SET reason = 'rule' WHERE reason IN ('avoided_topic', 'language')")
    with op.batch_alter_table('reply') as batch:
        for name in COLUMNS:
            batch.drop_column(name)
    op.drop_table('voice')
