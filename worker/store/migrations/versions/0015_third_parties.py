"""Messages from third parties, and the human in reasons of handoffs"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

REASONS = {'asked_for_person': 'asked_for_human', 'owned_by_person': 'owned_by_human'}
ANSWERERS = {'courtesy': 'small_talk'}


def upgrade() -> None:
    op.execute('ALTER TABLE message RENAME COLUMN stranger TO from_third_party')
    _rename(REASONS, ANSWERERS)


def downgrade() -> None:
    op.execute('ALTER TABLE message RENAME COLUMN from_third_party TO stranger')
    _rename({new: old for old, new in REASONS.items()}, {new: old for old, new in ANSWERERS.items()})


def _rename(reasons: dict[str, str], answerers: dict[str, str]) -> None:
    for column in ('reason', 'category'):
        _rename_values('escalation', column, reasons)
    _rename_values('reply', 'answerer', answerers)
    for table, column in (('conversation', 'handoff'), ('message', 'handoff'), ('event', 'data')):
        _rename_in_handoffs(table, column, reasons)


def _rename_values(name: str, column: str, values: dict[str, str]) -> None:
    table = sa.table(name, sa.column(column, sa.String))
    for old, new in values.items():
        op.execute(table.update().where(table.c[column] == old).values({column: new}))


def _rename_in_handoffs(name: str, column: str, reasons: dict[str, str]) -> None:
    """Rename the reasons in a column of JSON, a thousand rows at a time."""
    connection = op.get_bind()
    table = sa.table(name, sa.column('id'), sa.column(column, sa.JSON(none_as_null=True)))
    has_reason = sa.or_(*(sa.cast(table.c[column], sa.Text).contains(f'"{old}"') for old in reasons))
    statement = sa.select(table.c.id, table.c[column]).where(has_reason).order_by(table.c.id).limit(1_000)
    rows = connection.execute(statement).all()
    while rows:
        for id, handoff in rows:
            if isinstance(handoff, dict) and (handoff.get('reason') in reasons or handoff.get('category') in reasons):
                renamed = {
                    key: reasons.get(value, value) if key in ('reason', 'category') else value
                    for key, value in handoff.items()
                }
                connection.execute(table.update().where(table.c.id == id).values({column: renamed}))
        rows = connection.execute(statement.where(table.c.id > rows[-1].id)).all()
