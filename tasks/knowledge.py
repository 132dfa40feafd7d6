"""Hints that documents changed."""

from worker import hints
from worker.app import app
from worker.services import current


@app.task(name=hints.INDEX)
def index(*, workspace_id: str, **_newer: object) -> None:
    """Work off the queued imports and documents of one workspace and publish them; long imports in slices."""
    ingesting = current.ingesting()
    more = ingesting.importer.work_off(workspace_id)
    ingesting.indexer().index(workspace_id)
    if more:
        ingesting.hints.index(workspace_id)
