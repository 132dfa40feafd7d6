"""Kinds of deliveries, received webhooks and ticket states in tables of their own, fencing tokens"""

import hashlib
import json
import uuid

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

LEASED = ('document', 'document_import')
ASPECTS = ('assigned', 'closed', 'tagged')

# kind -> the type that stood for it before, and the type of the event that it reports
TYPES = {
    'ticket_reply': ('helpdesk.reply', 'message.answered'),
    'ticket_note': ('helpdesk.note', 'message.answered'),
    'handoff_note': ('helpdesk.note', 'conversation.handed_off'),
    'agent_reply': ('helpdesk.said', 'message.replied'),
    'ticket_read': ('helpdesk.look', 'ticket.changed'),
    'notification': ('handoff.told', 'conversation.handed_off'),
    'notification_update': ('handoff.continued', 'message.handed_off'),
}

UNSENT = sa.text("state = 'pending'")
HOOK = sa.text("direction = 'hook'")

delivery = sa.table(
    'delivery',
    *(sa.column(name, sa.String) for name in ('id', 'kind', 'type', 'destination_id', 'message_id', 'ticket', 'payload')),
)


def upgrade() -> None:
    for table in LEASED:
        op.add_column(table, sa.Column('lease_token', sa.BigInteger(), nullable=False, server_default='0'))
    _create_circuits('destination', 'circuit_open_until')
    _move_circuits('lane', 'rest_until', 'destination', 'circuit_open_until')
    op.execute('ALTER TABLE delivery RENAME COLUMN lane TO destination_id')
    op.add_column('delivery', sa.Column('kind', sa.String(length=24), nullable=False, server_default=''))
    op.add_column('delivery', sa.Column('ticket', sa.String(length=100)))
    op.execute(delivery.update().values(kind=_kind_of_type()))
    for row in _deliveries():
        data = json.loads(row.payload)['data']
        values = {'type': TYPES[row.kind][1], 'payload': _json(data), 'ticket': data.get('ticket', '')[:100] or None}
        if row.kind == 'ticket_read':  # the ticket stood in place of a message
            values['message_id'] = None
        op.get_bind().execute(delivery.update().where(delivery.c.id == row.id).values(values))
    _create_helpdesk_tables()
    op.execute(
        'INSERT INTO inbound_webhook (helpdesk_id, webhook_id, workspace_id, created_at)'
        ' SELECT helpdesk_id, substr(external_id, 9), workspace_id, created_at FROM helpdesk_message'
        " WHERE direction = 'hook' AND external_id LIKE 'webhook %'"
    )
    for aspect in ASPECTS:
        kept = f"direction = 'in' AND external_id = '{aspect} of ' || ticket"
        op.execute(
            'INSERT INTO ticket_state (helpdesk_id, ticket, aspect, workspace_id, digest, updated_at)'
            f" SELECT helpdesk_id, ticket, '{aspect}', workspace_id, digest, created_at FROM helpdesk_message WHERE {kept}"
        )
        op.execute(f'DELETE FROM helpdesk_message WHERE {kept}')
    op.execute("DELETE FROM helpdesk_message WHERE direction = 'hook'")
    op.drop_index('ix_helpdesk_message_hook', table_name='helpdesk_message')


def downgrade() -> None:
    op.create_index(
        'ix_helpdesk_message_hook', 'helpdesk_message', ['created_at'], sqlite_where=HOOK, postgresql_where=HOOK
    )
    _restore_helpdesk_messages()
    op.drop_table('ticket_state')
    op.drop_table('inbound_webhook')
    for row in _deliveries():
        type, data = TYPES[row.kind][0], json.loads(row.payload)
        values = {'type': type, 'payload': _json({'type': type, 'data': data})}
        if row.kind == 'ticket_read':
            values['message_id'] = row.ticket[:48]
        op.get_bind().execute(delivery.update().where(delivery.c.id == row.id).values(values))
    op.drop_column('delivery', 'ticket')
    op.drop_column('delivery', 'kind')
    op.execute('ALTER TABLE delivery RENAME COLUMN destination_id TO lane')
    _create_circuits('lane', 'rest_until')
    _move_circuits('destination', 'circuit_open_until', 'lane', 'rest_until')
    for table in LEASED:
        op.drop_column(table, 'lease_token')


def _kind_of_type() -> sa.Case:
    note = delivery.c.type == 'helpdesk.note'
    whens = [(delivery.c.type == old, kind) for kind, (old, _) in TYPES.items() if old != 'helpdesk.note']
    whens += [
        (sa.and_(note, delivery.c.message_id.is_(None)), 'handoff_note'),
        (note, 'ticket_note'),
        (sa.func.substr(delivery.c.destination_id, 1, 3) == 'ep_', 'endpoint'),
    ]
    return sa.case(*whens, else_='callback')


def _deliveries():
    """Yield the deliveries to helpdesks and agents, a thousand at a time."""
    last = ''
    while rows := (
        op.get_bind()
        .execute(
            sa.select(delivery)
            .where(delivery.c.id > last, delivery.c.kind.in_(list(TYPES)))
            .order_by(delivery.c.id)
            .limit(1_000)
        )
        .all()
    ):
        last = rows[-1].id
        yield from rows


def _create_circuits(table: str, until: str) -> None:
    op.create_table(
        table,
        sa.Column('id', sa.String(length=48), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('failing_since', sa.BigInteger()),
        sa.Column(until, sa.BigInteger()),
        sa.Column('paced_until', sa.BigInteger()),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f(f'fk_{table}_workspace_id_workspace')),
        sa.PrimaryKeyConstraint('id', name=op.f(f'pk_{table}')),
    )


def _move_circuits(old: str, old_until: str, new: str, new_until: str) -> None:
    op.execute(
        f'INSERT INTO {new} (id, workspace_id, failures, failing_since, {new_until}, paced_until)'
        f' SELECT id, workspace_id, failures, failing_since, {old_until}, paced_until FROM {old}'
    )
    op.drop_table(old)


def _create_helpdesk_tables() -> None:
    op.create_table(
        'inbound_webhook',
        sa.Column('helpdesk_id', sa.String(length=48), nullable=False),
        sa.Column('webhook_id', sa.String(length=200), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        *_foreign_keys('inbound_webhook'),
        sa.PrimaryKeyConstraint('helpdesk_id', 'webhook_id', name=op.f('pk_inbound_webhook')),
    )
    op.create_index('ix_inbound_webhook_created_at', 'inbound_webhook', ['created_at'])
    op.create_table(
        'ticket_state',
        sa.Column('helpdesk_id', sa.String(length=48), nullable=False),
        sa.Column('ticket', sa.String(length=100), nullable=False),
        sa.Column('aspect', sa.String(length=16), nullable=False),
        sa.Column('workspace_id', sa.String(length=48), nullable=False),
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.Column('updated_at', sa.BigInteger(), nullable=False),
        *_foreign_keys('ticket_state'),
        sa.PrimaryKeyConstraint('helpdesk_id', 'ticket', 'aspect', name=op.f('pk_ticket_state')),
    )


def _foreign_keys(table: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(
            ['helpdesk_id'], ['helpdesk.id'], name=op.f(f'fk_{table}_helpdesk_id_helpdesk'), ondelete='CASCADE'
        ),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f(f'fk_{table}_workspace_id_workspace')),
    ]


def _restore_helpdesk_messages() -> None:
    """Write the rows that stood for webhooks and states; their own ids, which nothing refers to, are new."""
    connection = op.get_bind()
    insert = sa.text(
        'INSERT INTO helpdesk_message (id, workspace_id, helpdesk_id, ticket, external_id, direction, digest, created_at)'
        ' VALUES (:id, :workspace_id, :helpdesk_id, :ticket, :external_id, :direction, :digest, :created_at)'
    )
    nothing = hashlib.sha256(b'').hexdigest()
    for row in connection.execute(sa.text('SELECT * FROM inbound_webhook')).mappings().all():
        values = {'ticket': '', 'external_id': f'webhook {row["webhook_id"]}'[:200], 'direction': 'hook', 'digest': nothing}
        connection.execute(insert, _message(row) | values | {'created_at': row['created_at']})
    for row in connection.execute(sa.text('SELECT * FROM ticket_state')).mappings().all():
        values = {
            'ticket': row['ticket'],
            'external_id': f'{row["aspect"]} of {row["ticket"]}',
            'direction': 'in',
            'digest': row['digest'],
        }
        connection.execute(insert, _message(row) | values | {'created_at': row['updated_at']})


def _message(row: sa.RowMapping) -> dict[str, str]:
    return {
        'id': f'hdm_{uuid.uuid4().hex}',
        'workspace_id': row['workspace_id'],
        'helpdesk_id': row['helpdesk_id'],
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(',', ':'))
