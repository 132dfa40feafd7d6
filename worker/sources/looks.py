"""Looks at sources, as runs: how one begins and ends, and when one would remove too much."""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from worker.ids import new_id
from worker.states import RunState
from worker.store import rows
from worker.store.tables import source, source_item, source_run

#: Runs that are kept for each source.
KEPT = 50

#: Fewer documents than these may all be gone at once.
_MIN_GUARDED = 5


def is_too_much(gone: int, known: int) -> bool:
    """Whether a look would remove so many documents that the source is more likely broken: more than half."""
    return known >= _MIN_GUARDED and gone * 2 > known


def begin(tx: sa.Connection, row: rows.Source, *, now: int, accepts_loss: bool = False) -> rows.Source:
    """Begin a run of a source and return the source with it."""
    run_id = new_id("run")
    tx.execute(
        source_run.insert().values(
            id=run_id,
            workspace_id=row.workspace_id,
            source_id=row.id,
            state=RunState.RUNNING,
            accepts_loss=accepts_loss,
            complete=False,
            added=0,
            changed=0,
            unchanged=0,
            gone=0,
            failures=0,
            started_at=now,
        )
    )
    tx.execute(source_item.update().where(source_item.c.source_id == row.id).values(pending=False))
    tx.execute(source.update().where(source.c.id == row.id).values(run_id=run_id))
    return replace(row, run_id=run_id)


def end(tx: sa.Connection, run: rows.SourceRun, *, state: RunState, error: str | None, now: int, **counts: Any) -> None:
    """End a run, and forget the oldest ones of its source."""
    ended = source_run.update().where(source_run.c.id == run.id)
    tx.execute(ended.values(state=state, error=error, finished_at=now, **counts))
    newest = (
        sa.select(source_run.c.id)
        .where(source_run.c.source_id == run.source_id)
        .order_by(source_run.c.id.desc())
        .limit(KEPT)
    )
    kept = tx.execute(newest).scalars().all()
    tx.execute(source_run.delete().where(source_run.c.source_id == run.source_id, source_run.c.id.not_in(kept)))
