"""Read, cut and embed documents."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kb import documents, passages
from kb.calibration import Calibrator
from kb.embedding import Embedder
from kb.errors import EmbedderUnavailable, KnowledgeError
from kb.languages import language_of
from kb.passages import Passage
from kb.readers.blocks import Document
from worker.deliveries.outbox import publish
from worker.ids import new_id
from worker.knowledge.publishing import Publisher
from worker.knowledge.vectors import Vectors
from worker.states import DocumentState
from worker.store import rows
from worker.store.engine import Store
from worker.store.leases import RowLease, RowLeases
from worker.store.tables import document, passage, workspace
from worker.telemetry import logs

log = logs.get(__name__)

_LEASE_MS = 120_000  # longer than the slowest file takes to be read
_MAX_ATTEMPTS = 3

#: Seconds before documents are embedded again whose embedding model was away.
_PAUSE_S = 15.0

#: Documents that are indexed together, so that a crowd of small ones keeps all threads busy and shares transactions.
_TOGETHER = 32
_BYTES_TOGETHER = 4 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class _Read:
    """A claimed document, its content and the passages of it."""

    row: rows.DocumentFile
    content: Document
    passages: list[Passage]


Progress = Callable[[int, int], None]


class Indexer:
    """Works off queued documents and publishes. Two at once do work twice, never wrong."""

    def __init__(self, store: Store, embedder: Embedder, folder: Path, *, threads: int = 2) -> None:
        self._store = store
        self._now = store.clock.sql()
        self._embedder = embedder
        self._threads = threads
        self._vectors = Vectors(store, embedder)
        self._publisher = Publisher(
            store, self._vectors, folder, calibrator=Calibrator(embedder, threads=threads), threads=threads
        )
        self._leases = RowLeases(store, document, state="indexing", lease_ms=_LEASE_MS)

    def index(self, workspace_id: str, *, progress: Progress = lambda _done, _total: None) -> str | None:
        """Index every queued document of a workspace, then publish; return the version that was published, if any.

        `progress` is told how many passages of the documents at hand are embedded, and of how many.

        Raises:
            EmbedderUnavailable: the documents that are not done are queued again; no attempt of theirs is counted.
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
                try:
                    self._embed(workspace_id, found, pool, progress)
                except EmbedderUnavailable as error:
                    self._put_back([*found, *(coming.result() or ())], after_s=error.after_s)
                    raise
                written.append(ahead.submit(self._keep_passages, found))
            for writing in written:
                writing.result()
        return self.publish(workspace_id)

    def publish(self, workspace_id: str, *, force: bool = False) -> str | None:
        """Publish what is indexed (`Publisher.publish`)."""
        return self._publisher.publish(workspace_id, force=force)

    def _claim(self, workspace_id: str) -> list[rows.DocumentFile]:
        """Take documents that wait, or whose indexer was lost; one that was lost before is taken alone."""
        waits = (
            document.c.workspace_id == workspace_id,
            document.c.state.in_((DocumentState.QUEUED, DocumentState.INDEXING)),
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
            return [rows.DocumentFile.from_row(row) for row in self._leases.acquire(tx, ids)] if ids else []

    def _claim_and_read(self, workspace_id: str) -> list[_Read] | None:
        """Claim documents and read them; each that cannot be read fails by itself. None when none waits."""
        claimed = self._claim(workspace_id)
        if not claimed:
            return None
        found = []
        for row in claimed:
            with logs.bound(document_id=row.id):
                read = self._read(row)
            if read is not None:
                found.append(read)
            if not documents.is_text(row.media_type):
                self._leases.renew(map(_lease, claimed))
        return found

    def _keep_passages(self, found: Sequence[_Read]) -> None:
        """Write the text and the passages of documents that are still as they were when they were claimed.

        That is a change to the knowledge base of its own: a publish that began before must not count as holding it.
        """
        if not found:
            return
        metadata = {read.row.id: _metadata(read) for read in found}
        with self._store.begin() as tx:
            raised = (
                workspace.update()
                .where(workspace.c.id == found[0].row.workspace_id)
                .values(knowledge_revision=workspace.c.knowledge_revision + 1)
                .returning(workspace.c.knowledge_revision)
            )
            revision = tx.execute(raised).scalar_one()
            for read in found:
                row = read.row
                held = self._leases.release(
                    tx,
                    _lease(row),
                    state=DocumentState.INDEXED,
                    title=read.content.title,
                    text=read.content.text,
                    indexed_metadata=metadata[row.id],
                    passages=len(read.passages),
                    revision=revision,
                    error=None,
                    updated_at=self._now,
                )
                if not held:
                    continue  # replaced or claimed again meanwhile; its newer self is indexed instead
                tx.execute(passage.delete().where(passage.c.document_id == row.id))
                tx.execute(passage.insert(), [_passage_row(row, cut) for cut in read.passages])
        log.info("documents_indexed", documents=len(found), passages=sum(len(read.passages) for read in found))

    def _read(self, row: rows.DocumentFile) -> _Read | None:
        """Return the text of a document; None when it cannot be read, which is then recorded."""
        try:
            if row.attempts > _MAX_ATTEMPTS:
                raise KnowledgeError("The document could not be read: reading it ended the worker each time.")
            content = documents.read(row.source, media_type=row.media_type, title=row.title, url=row.url)
            if row.titled:
                content = replace(content, title=row.title)
            return _Read(
                row=row,
                content=content,
                passages=list(passages.cut(content, count_tokens=self._embedder.count_tokens)),
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
        texts = {cut.digest: cut.embedded for read in found for cut in read.passages}
        missing = self._vectors.missing(workspace_id, list(texts))
        ready = len(texts) - len(missing)
        progress(ready, len(texts))
        for batch in self._vectors.embed(workspace_id, {digest: texts[digest] for digest in missing}, pool):
            self._leases.renew(_lease(read.row) for read in found)
            ready += len(batch)
            progress(ready, len(texts))

    def _put_back(self, found: Sequence[_Read], *, after_s: float | None) -> None:
        """Queue claimed documents again, as if they had not been claimed; the vectors that they have are kept."""
        with self._store.begin() as tx:
            due_at = self._store.now(tx) + int(1_000 * max(after_s or 0.0, _PAUSE_S))
            for read in found:
                attempts = read.row.attempts - 1
                self._leases.release(tx, _lease(read.row), state=DocumentState.QUEUED, attempts=attempts, due_at=due_at)

    def _fail(self, row: rows.DocumentFile, reason: str) -> None:
        with self._store.begin() as tx:
            now = self._store.now(tx)
            if self._leases.release(tx, _lease(row), state=DocumentState.FAILED, error=reason, updated_at=now):
                failed = {"id": row.id, "title": row.title, "url": row.url}
                data = {"document": {**failed, "state": DocumentState.FAILED, "error": reason}}
                publish(tx, row.workspace_id, "document.failed", [data], now=now)
        log.warning("document_failed", reason=reason)


def _lease(row: rows.DocumentFile) -> RowLease:
    return RowLease(id=row.id, token=row.lease_token)


def _metadata(read: _Read) -> dict[str, Any]:
    """Return the metadata that goes with a document's text for as long as that text is indexed."""
    row = read.row
    return {
        "title": read.content.title,
        "url": row.url,
        "audience": row.audience,
        "source": row.collection,
        "language": row.language or language_of(read.content.text),
        "tags": row.tags or [],
        "reading": {
            "left_out": dict(read.content.left_out),
            "cleaned": dict(read.content.cleaned),
            "charset": read.content.charset,
        },
    }


def _passage_row(row: rows.DocumentFile, cut: Passage) -> dict[str, Any]:
    return {
        "id": new_id("psg"),
        "workspace_id": row.workspace_id,
        "document_id": row.id,
        "ordinal": cut.ordinal,
        "start": cut.start,
        "end": cut.end,
        "headings": list(cut.headings),
        "anchor": cut.anchor,
        "digest": cut.digest,
    }
