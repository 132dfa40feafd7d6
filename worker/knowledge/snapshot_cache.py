"""The snapshots that this process has open, and searches in them."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from kb import search as searching
from kb import snapshot as snapshots
from kb.embedding import Embedder
from kb.errors import EmbedderUnavailable, SnapshotInvalid, SnapshotMissing
from kb.filters import Filters
from kb.search import Found
from kb.snapshot import Snapshot
from worker.errors import DatabaseUnavailable
from worker.store.engine import Store
from worker.store.tables import workspace
from worker.telemetry import logs

log = logs.get(__name__)

#: A new version is noticed within this time.
LOOK_EVERY_S = 1.0
_MAX_OPEN = 64

#: Seconds for which a worker says that words alone find passages, after its embedding model was away.
_BY_WORDS_S = 30.0


class SnapshotCache:
    """Searches the active snapshot of each workspace; moves to a new one without a pause.

    Without an embedder, words alone find passages, whichever model the snapshot was made with; so they do while the
    active snapshot is one of another model, until an ingest worker has built that of this one beside it, and while the
    endpoint of the embedding model is away.
    """

    def __init__(
        self, store: Store, embedder: Embedder | None, folder: Path, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._folder = folder
        self._clock = clock
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="lexical")
        self._guard = threading.Lock()
        self._open: OrderedDict[str, tuple[Snapshot, float]] = OrderedDict()
        self._by_words_until = float("-inf")

    def search(self, workspace_id: str, query: str, *, limit: int, filters: Filters | None = None) -> Found:
        """Return passages, best first, of the snapshot that is active now.

        Raises:
            SnapshotMissing: nothing was published yet.
            SnapshotInvalid: the active snapshot cannot be read and none was open before.
        """
        snapshot = self.current(workspace_id)
        search = partial(searching.search, query, snapshot=snapshot, limit=limit, filters=filters, pool=self._pool)
        try:
            return search(embedder=self._embedder if self._fits(snapshot) else None)
        except EmbedderUnavailable as error:
            log.warning("searched_by_words_alone", code=error.code, cause=str(error))
            self._by_words_until = self._clock() + _BY_WORDS_S
            return search(embedder=None)

    @property
    def lexical_only(self) -> bool:
        """Whether words alone find passages: without an embedder or while it is away, or in a snapshot of another."""
        return (
            self._embedder is None
            or self._clock() < self._by_words_until
            or any(not self._fits(snapshot) for snapshot, _looked in list(self._open.values()))
        )

    def _fits(self, snapshot: Snapshot) -> bool:
        return self._embedder is not None and snapshot.manifest["model"] == self._embedder.identity

    def current(self, workspace_id: str) -> Snapshot:
        """Return the active snapshot of a workspace; raises as `search` does."""
        held = self._open.get(workspace_id)
        if held is not None and self._clock() - held[1] < LOOK_EVERY_S:
            return held[0]
        with self._guard:
            held = self._open.get(workspace_id)
            if held is not None and self._clock() - held[1] < LOOK_EVERY_S:
                return held[0]
            try:
                version = self._active_version(workspace_id)
            except DatabaseUnavailable:
                if held is None:
                    raise
                return held[0]
            if held is None or held[0].version != version:
                held = (self._load(workspace_id, version, held[0] if held else None), 0.0)
            self._open[workspace_id] = (held[0], self._clock())
            self._open.move_to_end(workspace_id)
            while len(self._open) > _MAX_OPEN:
                self._open.popitem(last=False)
            return held[0]

    def _active_version(self, workspace_id: str) -> str | None:
        with self._store.read() as connection:
            return connection.execute(
                sa.select(workspace.c.snapshot_version).where(workspace.c.id == workspace_id)
            ).scalar()

    def _load(self, workspace_id: str, version: str | None, before: Snapshot | None) -> Snapshot:
        if version is None:
            raise SnapshotMissing("The knowledge base is empty: ingest documents first (`answerback ingest FILE`).")
        try:
            opened = snapshots.open_snapshot(self._folder / workspace_id / version)
        except (OSError, SnapshotInvalid, SnapshotMissing):
            if before is None:
                raise
            log.exception("snapshot_refused", version=version, still_serving=before.version)
            return before
        log.info("snapshot_opened", workspace_id=workspace_id, version=version, passages=len(opened))
        if self._embedder is not None and not self._fits(opened):
            log.warning("snapshot_of_another_model", version=version, model=opened.manifest["model"])
        return opened
