"""Read, cut and embed documents, and publish them as a snapshot."""

import itertools
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kb import documents, passages
from kb import snapshot as snapshots
from kb.embedding import Embedder
from kb.errors import KnowledgeError
from kb.passages import Passage
from worker import logs
from worker.ids import new_id
from worker.store.engine import Store
from worker.store.tables import document, passage, snapshot, vector, workspace

log = logs.get(__name__)

_LEASE_MS = 60_000
_MOST_ATTEMPTS = 3
_BATCH = 500

#: Documents that are indexed together, so that a crowd of small ones keeps all threads busy and shares transactions.
_TOGETHER = 32
_BYTES_TOGETHER = 4 * 1024 * 1024

#: Snapshots kept for rolling back; older ones are deleted.
KEPT = 5

#: A claimed document, its text and its passages.
_Read = tuple[Mapping[Any, Any], str, list[Passage]]

Progress = Callable[[int, int], None]


class Indexer:
    """Works off queued documents and publishes. Two at once do work twice, never wrong."""

    def __init__(self, store: Store, embedder: Embedder, folder: Path, *, threads: int = 2) -> None:
        self._store = store
        self._now = store.clock.sql()
        self._embedder = embedder
        self._folder = folder
        self._threads = threads

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
            exists = connection.execute(known).first() is not None
            if exists and not force:
                return None
            rows = list(self._passages(connection, workspace_id))
        rows = self._with_vectors(workspace_id, rows)
        # A folder that is there may be in use, or be another builder's; it is never written over.
        names = itertools.chain([version], (f"{version}.{again}" for again in itertools.count(2)))
        version = next(name for name in names if not (self._folder / workspace_id / name).exists())
        place = self._folder / workspace_id / version
        matrix = np.zeros((0, self._embedder.dimensions), np.float32)
        if rows:
            matrix = np.frombuffer(b"".join(row["value"] for row in rows), np.float32).reshape(len(rows), -1)
        manifest = snapshots.write(
            place,
            version=version,
            model=self._embedder.identity,
            records=[row["record"] for row in rows],
            texts=(row["passage"].embedded for row in rows),
            vectors=matrix,
        )
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
            tx.execute(
                document.update()
                .where(
                    document.c.workspace_id == workspace_id,
                    document.c.state == "indexed",
                    document.c.revision <= revision,
                )
                .values(state="ready", updated_at=now)
            )
        self._prune(workspace_id)
        log.info("snapshot_published", workspace_id=workspace_id, version=version, passages=manifest["passages"])
        return version

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
            claimed = (
                document.update()
                .where(document.c.id.in_(ids))
                .values(state="indexing", attempts=document.c.attempts + 1, due_at=self._now + _LEASE_MS)
                .returning(*document.c)
            )
            return [dict(row) for row in tx.execute(claimed).mappings()] if ids else []

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
                found.append((row, *read))
        return found

    def _keep_passages(self, found: Sequence[_Read]) -> None:
        """Write the text and the passages of documents that are still as they were when they were claimed.

        That is a change to the knowledge base of its own: a publish that began before must not count as holding it.
        """
        if not found:
            return
        with self._store.begin() as tx:
            raised = (
                workspace.update()
                .where(workspace.c.id == found[0][0]["workspace_id"])
                .values(knowledge_revision=workspace.c.knowledge_revision + 1)
                .returning(workspace.c.knowledge_revision)
            )
            revision = tx.execute(raised).scalar_one()
            for row, text, cut in found:
                held = tx.execute(
                    document.update()
                    .where(*_held(row))
                    .values(
                        state="indexed",
                        text=text,
                        passages=len(cut),
                        revision=revision,
                        error=None,
                        due_at=None,
                        updated_at=self._now,
                    )
                )
                if not held.rowcount:
                    continue  # replaced or claimed again meanwhile; its newer self is indexed instead
                tx.execute(passage.delete().where(passage.c.document_id == row["id"]))
                tx.execute(passage.insert(), [_passage_row(row, one) for one in cut])
        log.info("documents_indexed", documents=len(found), passages=sum(len(cut) for _row, _text, cut in found))

    def _read(self, row: Mapping[Any, Any]) -> tuple[str, list[Passage]] | None:
        """Return a document's text and passages; None when it cannot be read, which is then written down."""
        try:
            if row["attempts"] > _MOST_ATTEMPTS:
                raise KnowledgeError("The document could not be read: reading it ended the worker each time.")
            read = documents.read(row["source"], media_type=row["media_type"], title=row["title"])
            read = replace(read, title=row["title"])
            return read.text, list(passages.cut(read, count_tokens=self._embedder.count_tokens))
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
        texts = {one.digest: one.embedded for _row, _text, cut in found for one in cut}
        missing = self._missing(workspace_id, list(texts))
        ready = len(texts) - len(missing)
        progress(ready, len(texts))
        for batch in _batches(missing):
            vectors = list(pool.map(lambda digest: self._embedder.encode(texts[digest]), batch))
            with self._store.begin() as tx:
                self._keep(tx, workspace_id, batch, vectors)
                tx.execute(
                    document.update()
                    .where(document.c.id.in_([row["id"] for row, _text, _cut in found]), document.c.state == "indexing")
                    .values(due_at=self._now + _LEASE_MS)
                )
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
        insert = sqlite.insert if self._store.is_sqlite else postgresql.insert
        tx.execute(
            insert(vector).on_conflict_do_nothing(),
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
            tx.execute(
                document.update()
                .where(*_held(row))
                .values(state="failed", error=reason, due_at=None, updated_at=self._now)
            )
        log.warning("document_failed", reason=reason)

    # -- a whole knowledge base --------------------------------------------------------------------------------------

    def _passages(self, connection: sa.Connection, workspace_id: str) -> Iterator[dict[str, Any]]:
        rows = connection.execute(
            sa.select(passage, document.c.title, document.c.url, document.c.text, vector.c.value)
            .join_from(passage, document, document.c.id == passage.c.document_id)
            .outerjoin(
                vector,
                sa.and_(
                    vector.c.workspace_id == passage.c.workspace_id,
                    vector.c.model == self._embedder.identity,
                    vector.c.digest == passage.c.digest,
                ),
            )
            .where(passage.c.workspace_id == workspace_id)
            .order_by(passage.c.document_id, passage.c.ordinal)
        ).mappings()
        for row in rows:
            text = row["text"][row["start"] : row["end"]]
            record = snapshots.Record(
                passage_id=row["id"],
                document_id=row["document_id"],
                title=row["title"],
                url=row["url"],
                headings=tuple(row["headings"]),
                anchor=row["anchor"],
                start=row["start"],
                end=row["end"],
                text=text,
            )
            one = Passage(
                ordinal=row["ordinal"],
                start=row["start"],
                end=row["end"],
                text=text,
                headings=record.headings,
                anchor=row["anchor"],
                title=row["title"],
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


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(items), _BATCH):
        yield items[first : first + _BATCH]


def _held(row: Mapping[Any, Any]) -> tuple[sa.ColumnElement[bool], ...]:
    """The claim's fence: no one replaced the document or claimed it again meanwhile."""
    return (
        document.c.id == row["id"],
        document.c.state == "indexing",
        document.c.attempts == row["attempts"],
        document.c.revision == row["revision"],
    )


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
