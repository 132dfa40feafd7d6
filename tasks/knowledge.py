"""Hints that documents changed."""

from worker import hints
from worker.app import app
from worker.services import services


@app.task(name=hints.INDEX)
def index(*, workspace_id: str, **_newer: object) -> None:
    """Index the queued documents of one workspace and publish them."""
    services().indexer.index(workspace_id)
