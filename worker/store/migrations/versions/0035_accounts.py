"""Accounts of people, their roles, sessions and links; keys belong to people and have no passwords"""

import sqlalchemy as sa
from alembic import op

revision = '0035'
down_revision = '0031'
branch_labels = None
depends_on = None


def _id(name: str, **options: object) -> sa.Column:
    return sa.Column(name, sa.String(length=48), **options)


def _time(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _key(table: str, column: str, target: str, *, cascade: bool = False) -> sa.ForeignKeyConstraint:
    name = op.f(f'fk_{table}_{column}_{target}')
    return sa.ForeignKeyConstraint([column], [f'{target}.id'], name=name, ondelete='CASCADE' if cascade else None)


def upgrade() -> None:
    op.create_table(
        'account',
        _id('id', nullable=False),
        sa.Column('email', sa.String(length=254), nullable=False),
        sa.Column('name', sa.String(length=200), nullable=False),
        sa.Column('password', sa.Text(), nullable=True),
        sa.Column('totp_secret', sa.Text(), nullable=True),
        sa.Column('totp_pending', sa.Text(), nullable=True),
        sa.Column('totp_step', sa.Integer(), nullable=True),
        sa.Column('recovery_codes', sa.JSON(none_as_null=True), nullable=True),
        _id('workspace_id', nullable=True),
        *(_time(name) for name in ('verified_at', 'password_set_at', 'logged_in_at', 'disabled_at')),
        _time('created_at', nullable=False),
        _key('account', 'workspace_id', 'workspace'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
        sa.UniqueConstraint('email', name=op.f('uq_account_email')),
    )
    op.create_table(
        'membership',
        _id('account_id', nullable=False),
        _id('workspace_id', nullable=False),
        sa.Column('role', sa.String(length=16), nullable=False),
        sa.Column('invited_by', sa.String(length=200), nullable=True),
        _time('accepted_at'),
        _time('disabled_at'),
        _time('created_at', nullable=False),
        _key('membership', 'account_id', 'account', cascade=True),
        _key('membership', 'workspace_id', 'workspace'),
        sa.PrimaryKeyConstraint('account_id', 'workspace_id', name=op.f('pk_membership')),
    )
    op.create_index('ix_membership_list', 'membership', ['workspace_id', 'account_id'])
    _create_sessions_and_links()
    with op.batch_alter_table('api_key') as batch:
        batch.add_column(_id('account_id', nullable=True))
        batch.create_foreign_key(op.f('fk_api_key_account_id_account'), 'account', ['account_id'], ['id'])
        batch.drop_constraint(op.f('uq_api_key_login'), type_='unique')
        batch.drop_column('login')
        batch.drop_column('password')
    op.add_column('audit', _id('account_id', nullable=True))


def _create_sessions_and_links() -> None:
    op.create_table(
        'account_session',
        _id('id', nullable=False),
        _id('account_id', nullable=False),
        _id('workspace_id', nullable=False),
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.Column('csrf', sa.String(length=64), nullable=False),
        sa.Column('method', sa.String(length=16), nullable=False),
        sa.Column('address', sa.String(length=64), nullable=False),
        sa.Column('user_agent', sa.String(length=300), nullable=False),
        *(_time(name, nullable=False) for name in ('created_at', 'seen_at', 'expires_at')),
        _key('account_session', 'account_id', 'account', cascade=True),
        _key('account_session', 'workspace_id', 'workspace'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_account_session')),
        sa.UniqueConstraint('digest', name=op.f('uq_account_session_digest')),
    )
    op.create_index('ix_account_session_account_id', 'account_session', ['account_id'])
    op.create_index('ix_account_session_expires_at', 'account_session', ['expires_at'])
    op.create_table(
        'account_link',
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.Column('kind', sa.String(length=16), nullable=False),
        _id('account_id', nullable=True),
        _id('workspace_id', nullable=True),
        sa.Column('by_mail', sa.Boolean(), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        *(_time(name, nullable=False) for name in ('created_at', 'expires_at')),
        _key('account_link', 'account_id', 'account', cascade=True),
        _key('account_link', 'workspace_id', 'workspace'),
        sa.PrimaryKeyConstraint('digest', name=op.f('pk_account_link')),
    )
    op.create_index('ix_account_link_account_id', 'account_link', ['account_id'])
    op.create_index('ix_account_link_expires_at', 'account_link', ['expires_at'])
    op.create_table(
        'account_mail',
        _id('id', nullable=False),
        sa.Column('kind', sa.String(length=32), nullable=False),
        sa.Column('email', sa.String(length=254), nullable=False),
        _id('workspace_id', nullable=True),
        sa.Column('attempts', sa.Integer(), nullable=False),
        *(_time(name, nullable=False) for name in ('due_at', 'created_at')),
        _key('account_mail', 'workspace_id', 'workspace'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_account_mail')),
    )
    op.create_index('ix_account_mail_due_at', 'account_mail', ['due_at'])
    op.create_index('ix_account_mail_email', 'account_mail', ['email', 'created_at'])
    op.create_table(
        'login_delay',
        sa.Column('key', sa.String(length=64), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        *(_time(name, nullable=False) for name in ('until_at', 'expires_at')),
        sa.PrimaryKeyConstraint('key', name=op.f('pk_login_delay')),
    )
    op.create_index('ix_login_delay_expires_at', 'login_delay', ['expires_at'])


def downgrade() -> None:
    op.drop_column('audit', 'account_id')
    with op.batch_alter_table('api_key') as batch:
        batch.drop_constraint(op.f('fk_api_key_account_id_account'), type_='foreignkey')
        batch.drop_column('account_id')
        batch.add_column(sa.Column('login', sa.String(length=100), nullable=True))
        batch.add_column(sa.Column('password', sa.Text(), nullable=True))
        batch.create_unique_constraint(op.f('uq_api_key_login'), ['login'])
    for table in ('login_delay', 'account_mail', 'account_link', 'account_session', 'membership', 'account'):
        op.drop_table(table)
