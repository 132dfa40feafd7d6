"""The categories of workspaces in the database."""

import sqlalchemy as sa

from worker.categories.category import Category
from worker.errors import Invalid, NotFound
from worker.states import Priority
from worker.store.engine import Store
from worker.store.rows import CategoryRow
from worker.store.tables import category as table
from worker.store.tables import workspace

#: Categories of a workspace.
MAX_CATEGORIES = 30


class Categories:
    """Reads and changes the categories of a workspace. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stamp = sa.select(table.c.name, table.c.updated_at).where(
            table.c.workspace_id == sa.bindparam("workspace")
        )

    def stamp(self, workspace_id: str) -> tuple[tuple[str, int], ...]:
        """Return a value that changes whenever a category of the workspace does; empty when it has none."""
        with self._store.read() as connection:
            rows = connection.execute(self._stamp, {"workspace": workspace_id}).all()
        return tuple(sorted((name, updated_at) for name, updated_at in rows))

    def all(self, workspace_id: str) -> list[CategoryRow]:
        """Return the categories of a workspace by name."""
        wanted = sa.select(table).where(table.c.workspace_id == workspace_id).order_by(table.c.name)
        with self._store.read() as connection:
            return [CategoryRow.from_row(row) for row in connection.execute(wanted).mappings()]

    def get(self, workspace_id: str, name: str) -> CategoryRow:
        """Return a category.

        Raises:
            NotFound: there is none of this name.
        """
        wanted = sa.select(table).where(table.c.workspace_id == workspace_id, table.c.name == name)
        with self._store.read() as connection:
            found = connection.execute(wanted).mappings().first()
        if found is None:
            raise NotFound(f"There is no category {name!r}.")
        return CategoryRow.from_row(found)

    def put(self, workspace_id: str, category: Category) -> None:
        """Add a category, or replace the one of its name; messages are compared with its examples from now on.

        Raises:
            Invalid: the workspace has as many as it may have.
        """
        of_name = (table.c.workspace_id == workspace_id, table.c.name == category.name)
        with self._store.begin() as tx:
            tx.execute(sa.select(workspace.c.id).where(workspace.c.id == workspace_id).with_for_update())
            priority = category.priority.value
            values = {**category.to_api(), "priority": priority, "updated_at": self._store.now(tx)}
            before = tx.execute(sa.select(table.c.updated_at).where(*of_name)).scalar_one_or_none()
            if before is None:
                count = tx.execute(sa.select(sa.func.count()).where(table.c.workspace_id == workspace_id)).scalar_one()
                if count >= MAX_CATEGORIES:
                    raise Invalid(f"A workspace has at most {MAX_CATEGORIES} categories.")
                tx.execute(table.insert().values(workspace_id=workspace_id, **values))
            else:  # two changes within a millisecond are told apart too
                values["updated_at"] = max(values["updated_at"], before + 1)
                tx.execute(table.update().where(*of_name).values(**values))

    def delete(self, workspace_id: str, name: str) -> None:
        """Delete a category.

        Raises:
            NotFound: there is none of this name.
        """
        gone = table.delete().where(table.c.workspace_id == workspace_id, table.c.name == name)
        with self._store.begin() as tx:
            if tx.execute(gone).rowcount == 0:
                raise NotFound(f"There is no category {name!r}.")


def of_row(row: CategoryRow) -> Category:
    """Return the category of a row."""
    return Category(
        name=row.name,
        priority=Priority(row.priority),
        examples=tuple(row.examples),
        counter_examples=tuple(row.counter_examples),
    )
