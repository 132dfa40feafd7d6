"""The one place where queries are bound to a workspace."""

from typing import Any

import sqlalchemy as sa

from worker.errors import Invalid, NotFound
from worker.ids import is_id
from worker.store.engine import Store

#: The orders of lists; the first one is that of a list that was asked for none.
NEWEST_FIRST, OLDEST_FIRST = SORTS = ("-created_at", "created_at")


class Scope:
    """Reads the rows of one workspace; there is no way to read another's through it."""

    def __init__(self, store: Store, workspace_id: str) -> None:
        self.store = store
        self.workspace_id = workspace_id

    def select(self, table: sa.Table, *columns: Any) -> sa.Select[Any]:
        """Return a SELECT of `table` (or `columns` of it) that sees this workspace only."""
        return sa.select(*(columns or (table,))).where(table.c.workspace_id == self.workspace_id)

    def get(self, table: sa.Table, id: str, *, columns: Any = ()) -> sa.RowMapping:
        """Return a row by its id, or some of its columns.

        Raises:
            NotFound: there is none in this workspace.
        """
        with self.store.read() as connection:
            return self.get_in(connection, table, id, columns=columns)

    def get_in(self, connection: sa.Connection, table: sa.Table, id: str, *, columns: Any = ()) -> sa.RowMapping:
        """Do the same inside a transaction."""
        row = connection.execute(self.select(table, *columns).where(table.c.id == id)).mappings().first()
        if row is None:
            raise NotFound(f"There is no {table.name} with this id.")
        return row

    def lock(self, connection: sa.Connection, table: sa.Table, id: str) -> sa.RowMapping:
        """Do the same and keep others from changing the row until the transaction ends."""
        statement = self.select(table).where(table.c.id == id).with_for_update()
        row = connection.execute(statement).mappings().first()
        if row is None:
            raise NotFound(f"There is no {table.name} with this id.")
        return row

    def page(
        self,
        table: sa.Table,
        *where: sa.ColumnElement[bool],
        after: str | None,
        limit: int,
        columns: Any = (),
        sort: str | None = None,
    ) -> tuple[list[sa.RowMapping], str | None]:
        """Return up to `limit` rows and the cursor of the next page or None.

        Newest first, or oldest first where `sort` is `created_at`; ids are in the order in which they were made.

        Raises:
            Invalid: `after` is not the cursor of a page.
        """
        if after is not None and not is_id(after):
            raise Invalid("Must be the `next_cursor` of the page before.", field="cursor")
        oldest_first = sort == OLDEST_FIRST
        order = table.c.id.asc() if oldest_first else table.c.id.desc()
        statement = self.select(table, *columns).where(*where).order_by(order).limit(limit + 1)
        if after is not None:
            statement = statement.where(table.c.id > after if oldest_first else table.c.id < after)
        with self.store.read() as connection:
            rows = list(connection.execute(statement).mappings())
        return rows[:limit], rows[limit - 1]["id"] if len(rows) > limit else None
