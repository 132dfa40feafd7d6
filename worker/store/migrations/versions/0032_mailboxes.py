"""Mailboxes, their mail, and addresses that take none"""

import sqlalchemy as sa
from alembic import op

revision = '0032'
down_revision = '0039'
branch_labels = None
depends_on = None

_UNREAD = sa.text("state = 'received'")
_FAILED = sa.text("state = 'failed'")


def _workspace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f(f'fk_{table}_workspace_id_workspace'))


def _of_mailbox(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ['mailbox_id'], ['mailbox.id'], name=op.f(f'fk_{table}_mailbox_id_mailbox'), ondelete='CASCADE'
    )


def upgrade() -> None:
    op.create_table(
        'mailbox',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('address', sa.String(length=320), nullable=False),
        sa.Column('sender_name', sa.String(length=200), nullable=True),
        sa.Column('imap_url', sa.Text(), nullable=True),
        sa.Column('smtp_url', sa.Text(), nullable=True),
        sa.Column('authserv_id', sa.String(length=255), nullable=True),
        sa.Column('mailgun_key', sa.Text(), nullable=True),
        sa.Column('team', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('notify', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('folders', sa.JSON(none_as_null=True), nullable=False),
        sa.Column('plus_addressing', sa.Integer(), nullable=False),
        sa.Column('saves_sent', sa.Integer(), nullable=False),
        sa.Column('watcher', sa.String(length=100), nullable=True),
        sa.Column('watched_until', sa.BigInteger(), nullable=True),
        sa.Column('lease_token', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('due_at', sa.BigInteger(), nullable=True),
        sa.Column('checked_at', sa.BigInteger(), nullable=True),
        sa.Column('error', sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(['id'], ['helpdesk.id'], name=op.f('fk_mailbox_id_helpdesk'), ondelete='CASCADE'),
        _workspace('mailbox'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_mailbox')),
    )
    op.create_table(
        'mail_folder',
        sa.Column('mailbox_id', sa.String(length=48), nullable=False),
        sa.Column('name', sa.String(length=255), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('uid_validity', sa.BigInteger(), nullable=False),
        sa.Column('last_uid', sa.BigInteger(), nullable=False),
        sa.Column('updated_at', sa.BigInteger(), nullable=False),
        _of_mailbox('mail_folder'),
        _workspace('mail_folder'),
        sa.PrimaryKeyConstraint('mailbox_id', 'name', name=op.f('pk_mail_folder')),
    )
    op.create_table(
        'mail',
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('mailbox_id', sa.String(length=48), nullable=False),
        sa.Column('direction', sa.String(length=8), nullable=False),
        sa.Column('folder', sa.String(length=8), nullable=False),
        sa.Column('state', sa.String(length=16), nullable=False),
        sa.Column('reason', sa.Text(), nullable=True),
        sa.Column('raw', sa.LargeBinary(), nullable=True),
        sa.Column('size', sa.Integer(), nullable=False),
        sa.Column('key', sa.String(length=64), nullable=True),
        sa.Column('message_id', sa.String(length=255), nullable=True),
        sa.Column('ticket', sa.String(length=100), nullable=True),
        sa.Column('sender', sa.String(length=320), nullable=True),
        sa.Column('headers', sa.JSON(none_as_null=True), nullable=True),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('due_at', sa.BigInteger(), nullable=True),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.Column('finished_at', sa.BigInteger(), nullable=True),
        _of_mailbox('mail'),
        _workspace('mail'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_mail')),
        sa.UniqueConstraint('mailbox_id', 'key', name=op.f('uq_mail_mailbox_id_key')),
    )
    op.create_index('ix_mail_message_id', 'mail', ['mailbox_id', 'message_id'])
    op.create_index('ix_mail_ticket', 'mail', ['mailbox_id', 'ticket', 'created_at'])
    op.create_index('ix_mail_sender', 'mail', ['mailbox_id', 'sender', 'created_at'])
    op.create_index(
        'ix_mail_unread', 'mail', ['mailbox_id', 'due_at'], sqlite_where=_UNREAD, postgresql_where=_UNREAD
    )
    op.create_index('ix_mail_failed', 'mail', ['created_at'], sqlite_where=_FAILED, postgresql_where=_FAILED)
    op.create_table(
        'mail_suppression',
        sa.Column('mailbox_id', sa.String(length=48), nullable=False),
        sa.Column('address', sa.String(length=320), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        _of_mailbox('mail_suppression'),
        _workspace('mail_suppression'),
        sa.PrimaryKeyConstraint('mailbox_id', 'address', name=op.f('pk_mail_suppression')),
    )


def downgrade() -> None:
    for table in ('mail_suppression', 'mail', 'mail_folder', 'mailbox'):
        op.drop_table(table)
