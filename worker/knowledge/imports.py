"""Many documents at once: an archive, a list of URLs, a sitemap. Worked off by the ingest worker."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import PurePosixPath
from time import monotonic
from typing import Any

import sqlalchemy as sa

from kb.documents import is_text, title_of
from kb.errors import DocumentUnreadable, KnowledgeError
from worker.addresses import Guard
from worker.errors import DatabaseUnavailable
from worker.ids import new_id
from worker.knowledge.archives import files_of_archive
from worker.knowledge.fetching import Page, fetch, read_sitemap
from worker.knowledge.library import NO_METADATA, DocumentMetadata, Library, NewDocument
from worker.knowledge.serializers import import_to_api
from worker.states import ImportState
from worker.store import rows
from worker.store.engine import Store
from worker.store.filters import EVERYTHING, Which, conditions
from worker.store.idempotency import IdempotencyKeys, RequestKey
from worker.store.leases import RowLease, RowLeases
from worker.store.scope import Scope
from worker.store.tables import UNFINISHED_IMPORT, document_import
from worker.telemetry import logs

log = logs.get(__name__)

#: Columns of an import without the bytes that it came with.
LISTED = [column for column in document_import.c if column.name != "source"]

MAX_URLS = 1_000
#: Longer than the slowest four pages take, each with all the redirects that it may have.
_LEASE_MS = 300_000
_MAX_ATTEMPTS = 3
_FETCHED_AT_ONCE = 4

#: Documents wait to be indexed, of other workspaces too; an import makes room for them after this time.
_SLICE_S = 5.0

#: Reasons that are kept, one for each that failed.
_MAX_FAILURES = 1_000


@dataclass(frozen=True, kw_only=True)
class NewImport:
    """A requested import: `kind` is archive, urls or sitemap; `source` the archive's bytes, or JSON."""

    kind: str
    name: str
    source: bytes
    metadata: DocumentMetadata = NO_METADATA

    @property
    def digest(self) -> str:
        """Changes whenever something else is imported."""
        digest = hashlib.sha256(self.source)
        digest.update(repr((self.kind, self.name, self.metadata)).encode())
        return digest.hexdigest()


class _Lost(Exception):
    """Another process works the import off meanwhile."""


class _Tally:
    """The results of an import's files so far."""

    def __init__(self, document_import: rows.DocumentImport) -> None:
        self.done = document_import.done
        self.added = document_import.added
        self.unchanged = document_import.unchanged
        self.failed = dict(document_import.failed or {})

    @property
    def counts(self) -> dict[str, Any]:
        """The progress, by column."""
        return {"done": self.done, "added": self.added, "unchanged": self.unchanged, "failed": self.failed}

    def fail(self, name: str, reason: str) -> None:
        self.done += 1
        if len(self.failed) < _MAX_FAILURES:
            self.failed[name] = reason

    def put(self, *, changed: bool) -> None:
        self.done += 1
        self.added += changed
        self.unchanged += not changed


class Importer:
    """Queues imports and works them off. Run twice, an import changes nothing the second time."""

    def __init__(
        self,
        store: Store,
        library: Library,
        guard: Guard,
        idempotency_keys: IdempotencyKeys,
        *,
        get: Callable[..., Page] = fetch,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._store = store
        self._now = store.clock.sql()
        self._library = library
        self._guard = guard
        self._idempotency_keys = idempotency_keys
        self._get = get
        self._clock = clock
        self._leases = RowLeases(store, document_import, state="running", lease_ms=_LEASE_MS)

    def add(self, workspace_id: str, new: NewImport, *, key: str | None = None) -> dict[str, Any]:
        """Queue an import and return it, or the one that was made of it under the same key.

        Raises:
            DocumentUnreadable: the archive is damaged.
            IdempotencyMismatch: another import was begun under the key.
        """
        if new.kind == "archive" and not zipfile.is_zipfile(io.BytesIO(new.source)):
            raise DocumentUnreadable("The file is not a zip archive.")
        given = None if key is None else RequestKey(key=key, fingerprint=new.digest)
        with self._store.begin() as tx:
            id = new_id("imp")
            earlier = self._idempotency_keys.earlier(tx, workspace_id, given, made=id)
            if earlier is not None:
                found = Scope(self._store, workspace_id).get_in(tx, document_import, earlier, columns=LISTED)
                return import_to_api(rows.DocumentImport.from_row(found))
            inserted = tx.execute(
                document_import.insert()
                .values(
                    id=id,
                    workspace_id=workspace_id,
                    kind=new.kind,
                    name=new.name,
                    source=new.source,
                    metadata=asdict(new.metadata),
                    state=ImportState.QUEUED,
                    added=0,
                    unchanged=0,
                    attempts=0,
                    due_at=self._now,
                    created_at=self._now,
                )
                .returning(*LISTED)
            )
            return import_to_api(rows.DocumentImport.from_row(inserted.mappings().one()))

    def work_off(self, workspace_id: str) -> bool:
        """Turn queued imports of a workspace into queued documents for some seconds; return whether any are left.

        Raises:
            DatabaseUnavailable: as it says; what was not written down is done again.
        """
        ends = self._clock() + _SLICE_S
        while (claimed := self._claim(workspace_id)) is not None:
            with logs.bound(import_id=claimed.id):
                self._run(claimed, ends)
            if self._clock() >= ends:
                return True
        return False

    def sweep(self) -> tuple[str, ...]:
        """Return the workspaces in which imports wait."""
        waiting = sa.select(document_import.c.workspace_id).where(
            UNFINISHED_IMPORT, document_import.c.due_at <= self._now
        )
        with self._store.read() as connection:
            return tuple(dict.fromkeys(connection.execute(waiting).scalars()))

    def _claim(self, workspace_id: str) -> rows.DocumentImportFile | None:
        oldest = (
            sa.select(document_import.c.id)
            .where(
                document_import.c.workspace_id == workspace_id,
                UNFINISHED_IMPORT,
                document_import.c.due_at <= self._now,
            )
            .order_by(document_import.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self._store.begin() as tx:
            found = tx.execute(oldest).scalar()
            if found is None:
                return None
            return rows.DocumentImportFile.from_row(self._leases.acquire(tx, [found])[0])

    def _run(self, document_import: rows.DocumentImportFile, ends: float) -> None:
        tally, error = _Tally(document_import), None
        closing: dict[str, Any]
        state, closing = ImportState.DONE, {"finished_at": self._now, "source": b""}
        try:
            if document_import.attempts > _MAX_ATTEMPTS:
                raise KnowledgeError("The import ended the worker each time.")
            if not self._process(document_import, tally, ends):
                state, closing = ImportState.QUEUED, {"due_at": self._now, "attempts": 0}
        except KnowledgeError as failed:
            state, error = ImportState.FAILED, str(failed)
        except (DatabaseUnavailable, _Lost) as left:
            log.warning("import_left", cause=type(left).__name__)
            if isinstance(left, DatabaseUnavailable):
                raise
            return
        except Exception:
            log.exception("import_failed")
            state, error = ImportState.FAILED, "The import could not be read."
        with suppress(_Lost):
            self._release(document_import, tally, state=state, error=error, **closing)
        log.info(
            "import_left" if state == ImportState.QUEUED else "import_ended",
            state=state,
            added=tally.added,
            error=error,
        )

    def _process(self, document_import: rows.DocumentImportFile, tally: _Tally, ends: float) -> bool:
        """Queue the files and pages that are left, for at most until `ends`; return whether that was all of them."""
        metadata = _metadata(document_import)
        noted = self._clock()
        for item in self._documents(document_import, tally):
            if item is None:
                if self._clock() >= ends:
                    return False  # the next slice finds out whether that was all
                if self._clock() - noted > 1.0:
                    self._renew(document_import, tally)
                    noted = self._clock()
                continue
            name, found = item
            if isinstance(found, str):
                tally.fail(name, found)
            else:
                try:
                    new = replace(found, metadata=metadata)
                    _document, changed = self._library.put_file(document_import.workspace_id, new)
                except KnowledgeError as refused:
                    tally.fail(name, str(refused))
                else:
                    tally.put(changed=changed)
        return True

    def _renew(self, document_import: rows.DocumentImport, tally: _Tally, **values: Any) -> None:
        """Keep the import for another lease, and its progress.

        Raises:
            _Lost: another process has it.
        """
        if not self._leases.renew([_lease(document_import)], **tally.counts, **values):
            raise _Lost

    def _release(self, document_import: rows.DocumentImport, tally: _Tally, **values: Any) -> None:
        """Write how an import ended, or that it waits for its next slice.

        Raises:
            _Lost: another process has it.
        """
        with self._store.begin() as tx:
            if not self._leases.release(tx, _lease(document_import), **tally.counts, **values):
                raise _Lost

    def _documents(
        self, document_import: rows.DocumentImportFile, tally: _Tally
    ) -> Iterator[tuple[str, NewDocument | str] | None]:
        """Yield the name of each file or page that is left with its document, or with the reason why it is none.

        None stands where nothing that was fetched is lost by stopping.
        """
        source = document_import.source
        if document_import.kind == "archive":
            for member in files_of_archive(document_import.name, source, after=tally.done):
                yield member
                yield None
            return
        asked = json.loads(source)
        if "sitemap" in asked:

            def get(url: str, *, guard: Guard) -> Page:
                self._renew(document_import, tally)  # fifty slow ones take longer than a lease
                return self._get(url, guard=guard)

            sitemap = read_sitemap(asked["sitemap"], guard=self._guard, get=get)
            asked = {"urls": list(sitemap.pages), "unread": dict(sitemap.failed)}
            self._renew(document_import, tally, source=json.dumps(asked).encode())
        unread = asked.get("unread", {})
        yield from list(unread.items())[tally.done :]
        urls = asked["urls"][max(0, tally.done - len(unread)) :]
        for first in range(0, len(urls), _FETCHED_AT_ONCE):
            yield from self._pages(urls[first : first + _FETCHED_AT_ONCE])
            yield None

    def pages_at(self, url: str) -> Iterator[tuple[str, NewDocument | str]]:
        """Yield the page at a URL or, when it is a sitemap, those that it names; each with its document or a reason."""
        urls: Sequence[str] = [url]
        if url.lower().endswith((".xml", ".xml.gz")):
            try:
                sitemap = read_sitemap(url, guard=self._guard, get=self._get)
            except KnowledgeError as error:
                yield url, str(error)
                return
            yield from sitemap.failed.items()
            urls = sitemap.pages
        yield from self._pages(urls)

    def _pages(self, urls: Sequence[str]) -> Iterator[tuple[str, NewDocument | str]]:
        with ThreadPoolExecutor(_FETCHED_AT_ONCE, thread_name_prefix="fetch") as pool:
            for first in range(0, len(urls), _FETCHED_AT_ONCE):
                some = urls[first : first + _FETCHED_AT_ONCE]
                yield from zip(some, pool.map(self._page, some), strict=True)

    def _page(self, url: str) -> NewDocument | str:
        try:
            page = self._get(url, guard=self._guard)
            name = PurePosixPath(url).name or url
            return NewDocument(
                title=title_of(page.data, media_type=page.media_type, name=name)[:500],
                data=page.data,
                media_type=page.media_type,
                url=page.url,
                name=url,
                titled=is_text(page.media_type),
            )
        except KnowledgeError as error:
            return str(error)
        except Exception:  # one odd page of many
            log.exception("page_failed", url=url)
            return "It cannot be read."


def _lease(document_import: rows.DocumentImport) -> RowLease:
    return RowLease(id=document_import.id, token=document_import.lease_token)


def _metadata(document_import: rows.DocumentImport) -> DocumentMetadata:
    """Return the metadata that each document of an import gets."""
    stored = document_import.metadata
    tags = stored["tags"]
    return DocumentMetadata(**{**stored, "tags": None if tags is None else tuple(tags)})


def page(
    scope: Scope, which: Which = EVERYTHING, *, after: str | None = None, limit: int = 20
) -> tuple[list[dict[str, Any]], str | None]:
    """Return imports, newest first or by `sort`, and the cursor of the next page or None.

    `which` may have `state`, `kind`, `created_after` and `created_before`.
    """
    names = {name: document_import.c[name] for name in ("state", "kind")}
    where = conditions(which, names, created=document_import.c.created_at)
    found, cursor = scope.page(
        document_import, *where, after=after, limit=limit, sort=which.get("sort"), columns=LISTED
    )
    return [import_to_api(rows.DocumentImport.from_row(row)) for row in found], cursor


def get(scope: Scope, import_id: str) -> dict[str, Any]:
    """Return an import.

    Raises:
        NotFound: the workspace has none with this id.
    """
    return import_to_api(rows.DocumentImport.from_row(scope.get(document_import, import_id, columns=LISTED)))


def recent(scope: Scope, *, limit: int) -> list[dict[str, Any]]:
    """Return the newest `limit` imports and all that are unfinished, newest first."""
    newest = scope.select(document_import, document_import.c.id).order_by(document_import.c.id.desc()).limit(limit)
    statement = (
        scope.select(document_import, *LISTED)
        .where(sa.or_(UNFINISHED_IMPORT, document_import.c.id.in_(newest)))
        .order_by(document_import.c.id.desc())
    )
    with scope.store.read() as connection:
        found = connection.execute(statement).mappings()
        return [import_to_api(rows.DocumentImport.from_row(row)) for row in found]
