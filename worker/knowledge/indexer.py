"""Read, cut and embed documents, and publish them as a snapshot."""

import itertools
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from kb import documents, passages
from kb import snapshot as snapshots
from kb.embedding import Embedder
from kb.errors import KnowledgeError
from kb.languages import language_of
from kb.manifest import FORMAT
from kb.passages import Passage
from kb.readers.blocks import Document
from worker.deliveries.outbox import publish
from worker.ids import new_id
from worker.store.engine import Store
from worker.store.leases import RowLease, RowLeases
from worker.store.tables import document, passage, snapshot, vector, workspace
from worker.store.upsert import upsert_into
from worker.telemetry import logs

log = logs.get(__name__)

_LEASE_MS = 120_000  # longer than the slowest file takes to be read
_MAX_ATTEMPTS = 3
_BATCH = 500

#: Documents that are indexed together, so that a crowd of small ones keeps all threads busy and shares transactions.
_TOGETHER = 32
_BYTES_TOGETHER = 4 * 1024 * 1024

#: Snapshots kept for rolling back; older ones are deleted.
KEPT = 5


@dataclass(frozen=True, kw_only=True)
class _Read:
    """A claimed document that was read."""

    row: Mapping[Any, Any]
    found: Document
    passages: list[Passage]


Progress = Callable[[int, int], None]


class Indexer:
    """Works off queued documents and publishes. Two at once do work twice, never wrong."""

    def __init__(self, store: Store, embedder: Embedder, folder: Path, *, threads: int = 2) -> None:
        self._store = store
        self._now = store.clock.sql()
        self._embedder = embedder
        self._folder = folder
        self._threads = threads
        self._leases = RowLeases(store, document, state="indexing", lease_ms=_LEASE_MS)

    def index(self, workspace_id: str, *, progress: Progress = lambda _done, _total: None) -> str | None:
        """Index every queued document of a workspace, then publish; return the version that was published, if any.

        `progress` is told how many passages of the documents at hand are embedded, and of how many.
        """
        with (
            ThreadPoolExecutor(self._threads, thread_name_prefix="embed") as pool,
            ThreadPoolExecutor(1, thread_name_prefix="read") as ahead,
        ):
            # The next documents are read, and the last ones written, while these are embedded.
            coming = ahead.submit(self._claim_and_read, workspace_id)
            written: list[Future[None]] = []
            while (found := coming.result()) is not None:
                coming = ahead.submit(self._claim_and_read, workspace_id)
                self._embed(workspace_id, found, pool, progress)
                written.append(ahead.submit(self._keep_passages, found))
            for one in written:
                one.result()
        return self.publish(workspace_id)

    def publish(self, workspace_id: str, *, force: bool = False) -> str | None:
        """Publish what is indexed, unless the newest snapshot holds it already; return the version.

        The folder is complete before the row that names it is written; a crash in between leaves the old one serving.
        """
        with self._store.read() as connection:
            revision = connection.execute(
                sa.select(workspace.c.knowledge_revision).where(workspace.c.id == workspace_id)
            ).scalar_one()
            version = f"{revision}-{self._embedder.identity.rsplit(':', 1)[-1][:6]}"
            known = sa.select(snapshot.c.version).where(
                snapshot.c.workspace_id == workspace_id,
                snapshot.c.revision == revision,
                snapshot.c.version.startswith(version, autoescape=True),
            )
            made = connection.execute(known).scalar()
            candidates = [] if force else self._earlier(connection, workspace_id)
        if made is not None and not force:
            self._switch(workspace_id, revision, made)
            return None
        base = self._first_intact(candidates)
        # A folder that is there may be in use, or be another builder's; it is never written over.
        names = itertools.chain([version], (f"{version}.{again}" for again in itertools.count(2)))
        manifest: dict[str, Any] | None = None
        while manifest is None:
            version = next(name for name in names if not (self._folder / workspace_id / name).exists())
            with suppress(FileExistsError):  # another builder took the name meanwhile
                manifest = self._write(workspace_id, version, base)
        with self._store.begin() as tx:
            now = self._store.now(tx)
            active = tx.execute(
                sa.select(workspace.c.snapshot_version, snapshot.c.revision)
                .join_from(
                    workspace,
                    snapshot,
                    sa.and_(
                        snapshot.c.workspace_id == workspace.c.id, snapshot.c.version == workspace.c.snapshot_version
                    ),
                    isouter=True,
                )
                .where(workspace.c.id == workspace_id)
                .with_for_update(of=workspace)
            ).one()
            tx.execute(snapshot.delete().where(snapshot.c.workspace_id == workspace_id, snapshot.c.version == version))
            tx.execute(
                snapshot.insert().values(
                    workspace_id=workspace_id, version=version, revision=revision, manifest=manifest, created_at=now
                )
            )
            if active.revision is None or active.revision <= revision:
                tx.execute(workspace.update().where(workspace.c.id == workspace_id).values(snapshot_version=version))
            ready = tx.execute(
                document.update()
                .where(
                    document.c.workspace_id == workspace_id,
                    document.c.state == "indexed",
                    document.c.revision <= revision,
                )
                .values(state="ready", updated_at=now)
                .returning(document.c.id, document.c.title, document.c.url)
            ).mappings()
            publish(
                tx,
                workspace_id,
                "document.ready",
                [{"document": {**row, "state": "ready"}} for row in ready],
                now=now,
            )
            told = {"version": version, "documents": manifest["documents"], "passages": manifest["passages"]}
            publish(tx, workspace_id, "snapshot.published", [{"snapshot": told}], now=now)
        self._prune(workspace_id)
        log.info("snapshot_published", workspace_id=workspace_id, version=version, passages=manifest["passages"])
        return version

    def _switch(self, workspace_id: str, revision: int, version: str) -> None:
        """Let a snapshot that was published before answer, when the active one holds the same with another model.

        So a change of the embedding model and back again needs no building. An older one that was activated stays.
        """
        with self._store.begin() as tx:
            active = tx.execute(
                sa.select(snapshot.c.revision, snapshot.c.manifest)
                .join(workspace, workspace.c.id == snapshot.c.workspace_id)
                .where(workspace.c.id == workspace_id, snapshot.c.version == workspace.c.snapshot_version)
            ).first()
            if active is None or active.revision != revision:
                return
            if active.manifest["model"] != self._embedder.identity:
                tx.execute(workspace.update().where(workspace.c.id == workspace_id).values(snapshot_version=version))
                log.info("snapshot_switched", workspace_id=workspace_id, version=version)

    # -- some documents -----------------------------------------------------------------------------------------------

    def _claim(self, workspace_id: str) -> list[Mapping[Any, Any]]:
        """Take documents that wait, or whose indexer was lost; one that was lost before is taken alone."""
        waits = (
            document.c.workspace_id == workspace_id,
            document.c.state.in_(("queued", "indexing")),
            document.c.due_at <= self._now,
        )
        oldest = sa.select(document.c.id, document.c.attempts, sa.func.length(document.c.source).label("size"))
        with self._store.begin() as tx:
            due = tx.execute(
                oldest.where(*waits)
                .order_by(document.c.attempts, document.c.id)
                .limit(_TOGETHER)
                .with_for_update(skip_locked=True)
            ).all()
            ids: list[str] = []
            size = 0
            for row in due:
                size += row.size
                if ids and (row.attempts or size > _BYTES_TOGETHER):
                    break
                ids.append(row.id)
            return [dict(row) for row in self._leases.acquire(tx, ids)] if ids else []

    def _claim_and_read(self, workspace_id: str) -> list[_Read] | None:
        """Claim documents and read them; each that cannot be read fails by itself. None when none waits."""
        rows = self._claim(workspace_id)
        if not rows:
            return None
        found = []
        for row in rows:
            with logs.bound(document_id=row["id"]):
                read = self._read(row)
            if read is not None:
                found.append(read)
            if not documents.is_text(row["media_type"]):
                self._leases.renew(map(_lease, rows))
        return found

    def _keep_passages(self, found: Sequence[_Read]) -> None:
        """Write the text and the passages of documents that are still as they were when they were claimed.

        That is a change to the knowledge base of its own: a publish that began before must not count as holding it.
        """
        if not found:
            return
        languages = {one.row["id"]: one.row["language"] or language_of(one.found.text) for one in found}
        shown = {one.row["id"]: _shown(one, languages[one.row["id"]]) for one in found}
        with self._store.begin() as tx:
            raised = (
                workspace.update()
                .where(workspace.c.id == found[0].row["workspace_id"])
                .values(knowledge_revision=workspace.c.knowledge_revision + 1)
                .returning(workspace.c.knowledge_revision)
            )
            revision = tx.execute(raised).scalar_one()
            for one in found:
                row = one.row
                held = self._leases.release(
                    tx,
                    _lease(row),
                    state="indexed",
                    title=one.found.title,
                    text=one.found.text,
                    shown=shown[row["id"]],
                    passages=len(one.passages),
                    revision=revision,
                    error=None,
                    updated_at=self._now,
                )
                if not held:
                    continue  # replaced or claimed again meanwhile; its newer self is indexed instead
                tx.execute(passage.delete().where(passage.c.document_id == row["id"]))
                tx.execute(passage.insert(), [_passage_row(row, each) for each in one.passages])
        log.info("documents_indexed", documents=len(found), passages=sum(len(one.passages) for one in found))

    def _read(self, row: Mapping[Any, Any]) -> _Read | None:
        """Return what a document holds; None when it cannot be read, which is then written down."""
        try:
            if row["attempts"] > _MAX_ATTEMPTS:
                raise KnowledgeError("The document could not be read: reading it ended the worker each time.")
            read = documents.read(row["source"], media_type=row["media_type"], title=row["title"])
            if row["titled"]:
                read = replace(read, title=row["title"])
            return _Read(
                row=row,
                found=read,
                passages=list(passages.cut(read, count_tokens=self._embedder.count_tokens)),
            )
        except KnowledgeError as error:
            self._fail(row, str(error))
        except Exception:
            log.exception("document_failed")
            self._fail(row, "The document could not be read.")
        return None

    def _embed(
        self,
        workspace_id: str,
        found: Sequence[_Read],
        pool: ThreadPoolExecutor,
        progress: Progress,
    ) -> None:
        """Embed the passages whose content has no vector yet, and keep the vectors; the claims live on meanwhile."""
        texts = {one.digest: one.embedded for read in found for one in read.passages}
        missing = self._missing(workspace_id, list(texts))
        ready = len(texts) - len(missing)
        progress(ready, len(texts))
        for batch in _batches(missing):
            vectors = list(pool.map(lambda digest: self._embedder.encode(texts[digest]), batch))
            with self._store.begin() as tx:
                self._keep(tx, workspace_id, batch, vectors)
            self._leases.renew(_lease(read.row) for read in found)
            ready += len(batch)
            progress(ready, len(texts))

    def _missing(self, workspace_id: str, digests: Sequence[str]) -> list[str]:
        kept: set[str] = set()
        with self._store.read() as connection:
            for batch in _batches(digests):
                kept |= set(
                    connection.execute(
                        sa.select(vector.c.digest).where(
                            vector.c.workspace_id == workspace_id,
                            vector.c.model == self._embedder.identity,
                            vector.c.digest.in_(batch),
                        )
                    ).scalars()
                )
        return [digest for digest in digests if digest not in kept]

    def _keep(self, tx: sa.Connection, workspace_id: str, digests: Sequence[str], vectors: Sequence[Any]) -> None:
        tx.execute(
            upsert_into(self._store, vector).on_conflict_do_nothing(),
            [
                {
                    "workspace_id": workspace_id,
                    "model": self._embedder.identity,
                    "digest": digest,
                    "value": value.astype("<f4").tobytes(),
                }
                for digest, value in zip(digests, vectors, strict=True)
            ],
        )

    def _fail(self, row: Mapping[Any, Any], reason: str) -> None:
        with self._store.begin() as tx:
            now = self._store.now(tx)
            if self._leases.release(tx, _lease(row), state="failed", error=reason, updated_at=now):
                failed = {name: row[name] for name in ("id", "title", "url")}
                data = {"document": {**failed, "state": "failed", "error": reason}}
                publish(tx, row["workspace_id"], "document.failed", [data], now=now)
        log.warning("document_failed", reason=reason)

    # -- a whole knowledge base --------------------------------------------------------------------------------------

    def _earlier(self, connection: sa.Connection, workspace_id: str) -> list[Path]:
        """Return the folders of the snapshots that another one could stand upon, newest first."""
        rows = connection.execute(
            sa.select(snapshot.c.version, snapshot.c.manifest)
            .where(snapshot.c.workspace_id == workspace_id)
            .order_by(snapshot.c.revision.desc(), snapshot.c.created_at.desc())
        )
        return [
            self._folder / workspace_id / row.version
            for row in rows
            if row.manifest["model"] == self._embedder.identity and row.manifest.get("format") == FORMAT
        ]

    def _first_intact(self, folders: Sequence[Path]) -> Path | None:
        for folder in folders:
            try:
                snapshots.verify(folder, model=self._embedder.identity)
            except (KnowledgeError, OSError) as error:
                log.warning("snapshot_damaged", snapshot=folder.name, cause=str(error))
            else:
                return folder
        return None

    def _write(self, workspace_id: str, version: str, base: Path | None) -> dict[str, Any]:
        """Write the folder of a snapshot: what changed beside what `base` holds, or all of it anew."""
        place = self._folder / workspace_id / version
        model = self._embedder.identity
        if base is not None:
            with self._store.read() as connection:
                here = set(
                    connection.execute(sa.select(passage.c.id).where(passage.c.workspace_id == workspace_id)).scalars()
                )
                documents_now = connection.execute(
                    sa.select(sa.func.count(sa.distinct(passage.c.document_id))).where(
                        passage.c.workspace_id == workspace_id
                    )
                ).scalar_one()
            keys = snapshots.keys_of(base)
            gone = [row for row, key in enumerate(keys) if key and key not in here]
            added = sorted(here.difference(keys))
            if snapshots.worth_extending(base, added=len(added), gone=len(gone)):
                return snapshots.extend(
                    place,
                    base=base,
                    version=version,
                    model=model,
                    new=self._new(workspace_id, added),
                    gone=gone,
                    documents=documents_now,
                )
        return snapshots.write(place, version=version, model=model, new=self._new(workspace_id))

    def _new(self, workspace_id: str, ids: Sequence[str] | None = None) -> snapshots.New:
        """Return the passages of a workspace, or those with these ids."""
        with self._store.read() as connection:
            if ids is None:
                rows = list(self._passages(connection, workspace_id))
            else:
                rows = [row for batch in _batches(ids) for row in self._passages(connection, workspace_id, batch)]
        rows = self._with_vectors(workspace_id, rows)
        vectors = np.zeros((0, self._embedder.dimensions), np.float32)
        if rows:
            vectors = np.frombuffer(b"".join(row["value"] for row in rows), np.float32).reshape(len(rows), -1)
        return snapshots.New(
            records=[row["record"] for row in rows],
            texts=[row["passage"].embedded for row in rows],
            vectors=vectors,
        )

    def _passages(
        self, connection: sa.Connection, workspace_id: str, ids: Sequence[str] | None = None
    ) -> Iterator[dict[str, Any]]:
        wanted = [passage.c.workspace_id == workspace_id]
        if ids is not None:
            wanted.append(passage.c.id.in_(ids))
        rows = connection.execute(
            sa.select(
                passage,
                document.c.text,
                document.c.shown,
                vector.c.value,
            )
            .join_from(passage, document, document.c.id == passage.c.document_id)
            .outerjoin(
                vector,
                sa.and_(
                    vector.c.workspace_id == passage.c.workspace_id,
                    vector.c.model == self._embedder.identity,
                    vector.c.digest == passage.c.digest,
                ),
            )
            .where(*wanted)
            .order_by(passage.c.document_id, passage.c.ordinal)
        ).mappings()
        languages: dict[str, str | None] = {}  # of what was indexed before languages were kept
        for row in rows:
            shown = row["shown"]
            if "language" not in shown and row["document_id"] not in languages:
                languages[row["document_id"]] = language_of(row["text"])
            text = row["text"][row["start"] : row["end"]]
            record = snapshots.Record(
                passage_id=row["id"],
                document_id=row["document_id"],
                title=shown["title"],
                url=shown["url"],
                headings=tuple(row["headings"]),
                anchor=row["anchor"],
                start=row["start"],
                end=row["end"],
                text=text,
                audience=shown["audience"],
                source=shown.get("source"),
                language=shown["language"] if "language" in shown else languages[row["document_id"]],
                tags=tuple(shown.get("tags", ())),
            )
            one = Passage(
                ordinal=row["ordinal"],
                start=row["start"],
                end=row["end"],
                text=text,
                headings=record.headings,
                anchor=row["anchor"],
                title=shown["title"],
            )
            yield {"record": record, "passage": one, "digest": row["digest"], "value": row["value"]}

    def _with_vectors(self, workspace_id: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Embed what another model had embedded before; usually nothing."""
        texts = {row["digest"]: row["passage"].embedded for row in rows if row["value"] is None}
        if not texts:
            return rows
        made: dict[str, bytes] = {}
        with ThreadPoolExecutor(self._threads, thread_name_prefix="embed") as pool:
            for batch in _batches(list(texts)):
                vectors = list(pool.map(lambda digest: self._embedder.encode(texts[digest]), batch))
                with self._store.begin() as tx:
                    self._keep(tx, workspace_id, batch, vectors)
                made |= {digest: value.astype("<f4").tobytes() for digest, value in zip(batch, vectors, strict=True)}
        return [row if row["value"] is not None else {**row, "value": made[row["digest"]]} for row in rows]

    def _prune(self, workspace_id: str) -> None:
        with self._store.begin() as tx:
            active = tx.execute(
                sa.select(workspace.c.snapshot_version).where(workspace.c.id == workspace_id)
            ).scalar_one()
            versions = list(
                tx.execute(
                    sa.select(snapshot.c.version)
                    .where(snapshot.c.workspace_id == workspace_id)
                    .order_by(snapshot.c.revision.desc(), snapshot.c.created_at.desc())
                ).scalars()
            )
            gone = [version for version in versions[KEPT:] if version != active]
            tx.execute(snapshot.delete().where(snapshot.c.workspace_id == workspace_id, snapshot.c.version.in_(gone)))
        for version in gone:
            shutil.rmtree(self._folder / workspace_id / version, ignore_errors=True)
        snapshots.sweep(self._folder / workspace_id)


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(items), _BATCH):
        yield items[first : first + _BATCH]


def _lease(row: Mapping[Any, Any]) -> RowLease:
    return RowLease(id=row["id"], token=row["lease_token"])


def _shown(read: _Read, language: str | None) -> dict[str, Any]:
    """Return what goes with a document's text for as long as that is the one that answers."""
    row = read.row
    return {
        "title": read.found.title,
        "url": row["url"],
        "audience": row["audience"],
        "source": row["collection"],
        "language": language,
        "tags": row["tags"] or [],
    }


def _passage_row(row: Mapping[Any, Any], one: Passage) -> dict[str, Any]:
    return {
        "id": new_id("psg"),
        "workspace_id": row["workspace_id"],
        "document_id": row["id"],
        "ordinal": one.ordinal,
        "start": one.start,
        "end": one.end,
        "headings": list(one.headings),
        "anchor": one.anchor,
        "digest": one.digest,
    }
