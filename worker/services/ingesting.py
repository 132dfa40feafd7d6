"""The parts of a worker that consumes the queue `ingest`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from kb.embedding import Embedder
from worker.addresses import WORKER_RESOLVE_TIMEOUT_S
from worker.embeddings.finder import build_finder
from worker.hints import Hints
from worker.knowledge.imports import Importer
from worker.knowledge.indexer import Indexer
from worker.runtime.duties import Duty, HintAtDocuments
from worker.services.common import Common, build_importer, build_source_runner
from worker.sources.runner import SourceRunner


@dataclass(frozen=True, kw_only=True)
class Ingesting:
    """Imports and indexes documents, looks at sources. `indexer` loads the embedding model when it is called first."""

    importer: Importer
    source_runner: SourceRunner
    indexer: Callable[[], Indexer]
    hints: Hints
    duties: tuple[Duty, ...]

    def start(self) -> None:
        """Do nothing: tasks bring the work."""

    def stop(self) -> None:
        """Do nothing: Celery finishes the task that is under way."""


def build_ingesting(common: Common) -> Ingesting:
    """Build the role. A model that cannot be loaded is tried again whenever it is needed."""
    settings = common.settings

    @cache
    def embedder() -> Embedder:
        return build_finder(settings, common.counters)

    @cache
    def indexer() -> Indexer:
        return Indexer(common.store, embedder(), settings.snapshots_folder)

    importer = build_importer(common, resolve_timeout_s=WORKER_RESOLVE_TIMEOUT_S)
    source_runner = build_source_runner(common, resolve_timeout_s=WORKER_RESOLVE_TIMEOUT_S)
    hint = HintAtDocuments(
        library=common.library,
        importer=importer,
        source_runner=source_runner,
        model=lambda: embedder().identity,
        hint=common.hints.index,
    )
    return Ingesting(
        importer=importer, source_runner=source_runner, indexer=indexer, hints=common.hints, duties=(hint,)
    )
