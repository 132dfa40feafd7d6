"""INSERT … ON CONFLICT, which SQLite and PostgreSQL spell alike and SQLAlchemy keeps in each dialect."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from worker.store.engine import Store

Upsert = sqlite.Insert | postgresql.Insert


def upsert_into(store: Store, table: sa.Table) -> Upsert:
    """Return an INSERT that takes `on_conflict_do_nothing` and `on_conflict_do_update`, for the dialect of a store."""
    return sqlite.insert(table) if store.is_sqlite else postgresql.insert(table)
