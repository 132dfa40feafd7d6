"""Hints that documents changed."""

from kb.errors import EmbedderUnavailable
from worker import hints
from worker.app import app
from worker.services import current
from worker.telemetry import logs

log = logs.get(__name__)


@app.task(name=hints.INDEX)
def index(*, workspace_id: str, **_newer: object) -> None:
    """Work off the queued imports, due sources and documents of one workspace and publish; long ones in slices."""
    ingesting = current.ingesting()
    more = ingesting.importer.work_off(workspace_id)
    more |= ingesting.source_runner.work_off(workspace_id)
    try:
        ingesting.indexer().index(workspace_id)
    except EmbedderUnavailable as error:  # a sweep hints at the documents again
        log.warning("indexing_waits", code=error.code, cause=str(error))
    if more:
        ingesting.hints.index(workspace_id)
