"""Publish the knowledge base of a workspace as a snapshot."""

import hashlib
import itertools
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from kb import snapshot as snapshots
from kb.calibration import Calibrator
from kb.errors import KnowledgeError
from kb.manifest import FORMAT, read_manifest
from kb.relevance import Calibration
from worker.deliveries.outbox import publish
from worker.knowledge import stored_passages
from worker.knowledge.vectors import Vectors
from worker.states import DocumentState
from worker.store.batches import batches
from worker.store.engine import Store
from worker.store.tables import document, snapshot, workspace
from worker.telemetry import logs

log = logs.get(__name__)

#: Snapshots kept for rolling back; older ones are deleted.
KEPT = 5


class Publisher:
    """Builds snapshots in `folder`, one folder for each workspace. Two at once do work twice, never wrong."""

    def __init__(self, store: Store, vectors: Vectors, folder: Path, *, calibrator: Calibrator, threads: int) -> None:
        self._store = store
        self._vectors = vectors
        self._folder = folder
        self._calibrator = calibrator
        self._threads = threads

    def publish(self, workspace_id: str, *, force: bool = False) -> str | None:
        """Publish what is indexed, unless the newest snapshot holds it already; return the version.

        The folder is complete before the row that names it is written; a crash in between leaves the old one serving.
        """
        with self._store.read() as connection:
            revision = connection.execute(
                sa.select(workspace.c.knowledge_revision).where(workspace.c.id == workspace_id)
            ).scalar_one()
            name = f"{revision}-{hashlib.sha256(self._vectors.model.encode()).hexdigest()[:6]}"
            published = connection.execute(
                sa.select(snapshot.c.version).where(
                    snapshot.c.workspace_id == workspace_id,
                    snapshot.c.revision == revision,
                    snapshot.c.manifest["model"].as_string() == self._vectors.model,
                )
            ).scalar()
            bases = [] if force else self._bases(connection, workspace_id)
        if published is not None and not force:
            self._switch(workspace_id, revision, published)
            return None
        version, manifest = self._build(workspace_id, name, self._first_intact(bases))
        self._register(workspace_id, version, revision, manifest)
        self._prune(workspace_id)
        log.info("snapshot_published", workspace_id=workspace_id, version=version, passages=manifest["passages"])
        return version

    # -- rows ---------------------------------------------------------------------------------------------------------

    def _register(self, workspace_id: str, version: str, revision: int, manifest: dict[str, Any]) -> None:
        """Write the row of a snapshot, let it answer unless a newer one does, and record the events."""
        with self._store.begin() as tx:
            now = self._store.now(tx)
            active = tx.execute(
                sa.select(snapshot.c.revision)
                .select_from(workspace)
                .join(snapshot, _IS_ACTIVE, isouter=True)
                .where(workspace.c.id == workspace_id)
                .with_for_update(of=workspace)
            ).scalar()
            tx.execute(snapshot.delete().where(snapshot.c.workspace_id == workspace_id, snapshot.c.version == version))
            tx.execute(
                snapshot.insert().values(
                    workspace_id=workspace_id, version=version, revision=revision, manifest=manifest, created_at=now
                )
            )
            if active is None or active <= revision:
                tx.execute(workspace.update().where(workspace.c.id == workspace_id).values(snapshot_version=version))
            ready = tx.execute(
                document.update()
                .where(
                    document.c.workspace_id == workspace_id,
                    document.c.state == DocumentState.INDEXED,
                    document.c.revision <= revision,
                )
                .values(state=DocumentState.READY, updated_at=now)
                .returning(document.c.id, document.c.title, document.c.url)
            ).mappings()
            data = [{"document": {**row, "state": DocumentState.READY}} for row in ready]
            publish(tx, workspace_id, "document.ready", data, now=now)
            published = {"version": version, "documents": manifest["documents"], "passages": manifest["passages"]}
            publish(tx, workspace_id, "snapshot.published", [{"snapshot": published}], now=now)

    def _switch(self, workspace_id: str, revision: int, version: str) -> None:
        """Let a snapshot that was published before answer, when the active one holds the same with another model.

        So a change of the embedding model and back again needs no building. An older one that was activated stays.
        """
        with self._store.begin() as tx:
            active = tx.execute(
                sa.select(snapshot.c.revision, snapshot.c.manifest)
                .join(workspace, _IS_ACTIVE)
                .where(workspace.c.id == workspace_id)
            ).first()
            if active is None or active.revision != revision:
                return
            if active.manifest["model"] != self._vectors.model:
                tx.execute(workspace.update().where(workspace.c.id == workspace_id).values(snapshot_version=version))
                log.info("snapshot_switched", workspace_id=workspace_id, version=version)

    def _prune(self, workspace_id: str) -> None:
        with self._store.begin() as tx:
            active = tx.execute(
                sa.select(workspace.c.snapshot_version).where(workspace.c.id == workspace_id)
            ).scalar_one()
            versions = [row.version for row in tx.execute(_newest_first(workspace_id))]
            gone = [version for version in versions[KEPT:] if version != active]
            tx.execute(snapshot.delete().where(snapshot.c.workspace_id == workspace_id, snapshot.c.version.in_(gone)))
        for version in gone:
            shutil.rmtree(self._folder / workspace_id / version, ignore_errors=True)
        snapshots.sweep(self._folder / workspace_id)

    # -- folders ------------------------------------------------------------------------------------------------------

    def _bases(self, connection: sa.Connection, workspace_id: str) -> list[Path]:
        """Return the folders of the snapshots that a new one could extend, newest first."""
        return [
            self._folder / workspace_id / row.version
            for row in connection.execute(_newest_first(workspace_id))
            if row.manifest["model"] == self._vectors.model and row.manifest.get("format") == FORMAT
        ]

    def _first_intact(self, folders: Sequence[Path]) -> Path | None:
        for folder in folders:
            try:
                snapshots.verify(folder, model=self._vectors.model)
            except (KnowledgeError, OSError) as error:
                log.warning("snapshot_damaged", snapshot=folder.name, cause=str(error))
            else:
                return folder
        return None

    def _build(self, workspace_id: str, name: str, base: Path | None) -> tuple[str, dict[str, Any]]:
        """Write a snapshot under a name that is free; return the name, which is the version, and the manifest.

        A folder that is there may be in use, or be another builder's; it is never written over.
        """
        names: Iterator[str] = itertools.chain([name], (f"{name}.{again}" for again in itertools.count(2)))
        while True:
            version = next(name for name in names if not (self._folder / workspace_id / name).exists())
            with suppress(FileExistsError):  # another builder took the name meanwhile
                return version, self._write(workspace_id, version, base)

    def _write(self, workspace_id: str, version: str, base: Path | None) -> dict[str, Any]:
        """Write the folder of a snapshot: the changes since `base`, or everything."""
        folder, model = self._folder / workspace_id / version, self._vectors.model
        calibrate: snapshots.Calibrate = self._calibrator
        if base is not None:
            with self._store.read() as connection:
                ids, documents = stored_passages.ids_and_documents(connection, workspace_id)
            keys = snapshots.keys_of(base)
            gone = [row for row, key in enumerate(keys) if key and key not in ids]
            added = sorted(ids.difference(keys))
            calibration = Calibration.of(read_manifest(base)).after(len(added) + len(gone))
            if not calibration.is_worn:
                calibrate = _keeping(calibration)
            if snapshots.worth_extending(base, added=len(added), gone=len(gone)):
                new = self._read(workspace_id, added)
                return snapshots.extend(
                    folder,
                    base=base,
                    version=version,
                    model=model,
                    new=new,
                    gone=gone,
                    documents=documents,
                    calibrate=calibrate,
                )
        new = self._read(workspace_id)
        return snapshots.write(folder, version=version, model=model, new=new, calibrate=calibrate)

    def _read(self, workspace_id: str, ids: Sequence[str] | None = None) -> snapshots.New:
        """Return the passages of a workspace, or those with these ids, with their vectors."""
        parts = [None] if ids is None else batches(ids)
        with self._store.read() as connection:
            stored = [
                found
                for part in parts
                for found in stored_passages.read(connection, workspace_id, model=self._vectors.model, ids=part)
            ]
        # Another model may have embedded them before; usually there is nothing to do.
        missing = {found.digest: found.passage.embedded for found in stored if found.vector is None}
        embedded: dict[str, bytes] = {}
        if missing:
            with ThreadPoolExecutor(self._threads, thread_name_prefix="embed") as threads:
                for batch in self._vectors.embed(workspace_id, missing, threads):
                    embedded |= batch
        values = [found.vector if found.vector is not None else embedded[found.digest] for found in stored]
        return snapshots.New(
            records=[found.record for found in stored],
            texts=[found.passage.embedded for found in stored],
            vectors=np.frombuffer(b"".join(values), np.float32).reshape(len(values), self._vectors.dimensions),
        )


def _keeping(calibration: Calibration) -> snapshots.Calibrate:
    return lambda _snapshot: calibration


_IS_ACTIVE = sa.and_(snapshot.c.workspace_id == workspace.c.id, snapshot.c.version == workspace.c.snapshot_version)


def _newest_first(workspace_id: str) -> sa.Select[tuple[str, dict[str, Any]]]:
    return (
        sa.select(snapshot.c.version, snapshot.c.manifest)
        .where(snapshot.c.workspace_id == workspace_id)
        .order_by(snapshot.c.revision.desc(), snapshot.c.created_at.desc())
    )
