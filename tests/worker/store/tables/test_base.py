"""Conditions name their values in the text, since SQLite uses a partial index for nothing else."""

import pytest
import sqlalchemy as sa

from worker.store.tables import (
    OPEN_MESSAGE,
    UNFINISHED_IMPORT,
    UNREAD_DOCUMENT,
    document,
    document_import,
    message,
    metadata,
)


@pytest.mark.parametrize(
    ("table", "condition"),
    [(message, OPEN_MESSAGE), (document, UNREAD_DOCUMENT), (document_import, UNFINISHED_IMPORT)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_few_open_rows_are_found_by_an_index_among_millions_that_ended(table, condition):
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    statement = sa.select(table.c.id).where(condition).compile(engine, compile_kwargs={"render_postcompile": True})

    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()

    assert all("USING INDEX" in row[-1] for row in plan), plan
