"""Hints that documents changed."""

from worker import hints
from worker.app import app
from worker.services import services


@app.task(name=hints.INDEX)
def index(*, workspace_id: str, **_newer: object) -> None:
    """Work off the queued imports and documents of one workspace and publish them; long imports in slices."""
    built = services()
    more = built.importer.work_off(workspace_id)
    built.indexer.index(workspace_id)
    if more:
        built.hints.index(workspace_id)
