"""Name the escalation of a handoff"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _rename('ticket', 'escalation_id')


def downgrade() -> None:
    _rename('escalation_id', 'ticket')


def _rename(old: str, new: str) -> None:
    """Rename a key of the stored handoffs, a thousand rows at a time."""
    connection = op.get_bind()
    for name in ('conversation', 'message'):
        table = sa.table(name, sa.column('id', sa.String), sa.column('handoff', sa.JSON(none_as_null=True)))
        last = ''
        while rows := connection.execute(
            sa.select(table.c.id, table.c.handoff)
            .where(table.c.id > last, table.c.handoff.is_not(None))
            .order_by(table.c.id)
            .limit(1_000)
        ).all():
            last = rows[-1].id
            for row in rows:
                if isinstance(row.handoff, dict) and old in row.handoff:
                    values = {new if key == old else key: value for key, value in row.handoff.items()}
                    connection.execute(table.update().where(table.c.id == row.id).values(handoff=values))
