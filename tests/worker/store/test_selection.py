"""Selections of workspaces."""

import sqlalchemy as sa

from worker.access.keys import Keys
from worker.store.selection import EVERY_WORKSPACE, Selection
from worker.store.tables import workspace


def test_only_rows_of_selected_workspaces_are_found(store):
    first, second, third = (Keys(store).workspace(name) for name in ("one", "two", "three"))
    one = frozenset({second})

    def found(selection):
        with store.read() as connection:
            return set(connection.scalars(sa.select(workspace.c.id).where(selection.where(workspace.c.id))))

    assert found(EVERY_WORKSPACE) >= {first, second, third}
    assert found(Selection(ids=one)) == found(EVERY_WORKSPACE) - one
    assert found(Selection(ids=one, only=True)) == one
    assert found(Selection(only=True)) == set()
    assert [Selection(ids=one, only=True).is_empty, Selection(only=True).is_empty] == [False, True]
    assert not EVERY_WORKSPACE.is_empty
