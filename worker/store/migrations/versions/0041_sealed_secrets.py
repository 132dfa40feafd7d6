"""Encrypt tokens, secrets and passwords of helpdesks and mailboxes, where there is a key; keep consents of mailboxes"""

import logging

import sqlalchemy as sa
from alembic import context, op

from worker.store.sealing import Sealing, is_sealed, secret_in, with_password

revision = '0041'
down_revision = '0044'
branch_labels = None
depends_on = None

_SEALED = {'helpdesk': ('token', 'webhook_secret'), 'mailbox': ('imap_url', 'smtp_url', 'mailgun_key')}

log = logging.getLogger(__name__)


def upgrade() -> None:
    with op.batch_alter_table('mailbox') as batch:
        batch.add_column(sa.Column('oauth', sa.JSON(none_as_null=True), nullable=True))
        batch.add_column(sa.Column('oauth_secrets', sa.Text(), nullable=True))
        batch.add_column(sa.Column('oauth_until', sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column('ses_topic', sa.Text(), nullable=True))
        batch.add_column(sa.Column('inbound_password', sa.Text(), nullable=True))
        batch.add_column(sa.Column('sendgrid_key', sa.Text(), nullable=True))
    sealing = _sealing()
    if sealing.has_key:
        _rewrite(sealing.renew)
    elif any(_rows(table, columns) for table, columns in _SEALED.items()):
        log.warning(
            'The secrets of helpdesks and mailboxes are not encrypted, because there is no key: '
            'set ANSWERBACK_SECRET_KEYS, then run `answerback settings rotate-secrets`.'
        )


def downgrade() -> None:
    sealing = _sealing()

    def opened(column: str, stored: str) -> str:
        secret = secret_in(column, stored)
        if not is_sealed(secret):
            return stored
        return with_password(stored, sealing.open(secret)) if column.endswith('_url') else sealing.open(secret)

    _rewrite(opened)
    with op.batch_alter_table('mailbox') as batch:
        for column in ('sendgrid_key', 'inbound_password', 'ses_topic', 'oauth_until', 'oauth_secrets', 'oauth'):
            batch.drop_column(column)


def _sealing() -> Sealing:
    return context.config.attributes.get('sealing') or Sealing(None)


def _rows(table: str, columns: tuple[str, ...]) -> list[sa.RowMapping]:
    found = op.get_bind().execute(sa.text(f'SELECT id, {", ".join(columns)} FROM {table}')).mappings()
    return [row for row in found if any(secret_in(column, row[column] or '') for column in columns)]


def _rewrite(written) -> None:
    """Write the secrets of all rows as `written` returns them for a column and what is stored there."""
    for table, columns in _SEALED.items():
        for row in _rows(table, columns):
            values = {name: written(name, row[name]) for name in columns if secret_in(name, row[name] or '')}
            changes = ', '.join(f'{name} = :{name}' for name in values)
            op.get_bind().execute(sa.text(f'UPDATE {table} SET {changes} WHERE id = :id'), {**values, 'id': row['id']})
