"""Many documents at once: an archive, a list of URLs, a sitemap. Worked off by the ingest worker."""

import hashlib
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import PurePosixPath
from time import monotonic
from typing import Any

import sqlalchemy as sa

from kb.documents import MAX_BYTES, is_text, media_type_of, title_from_name, title_of, url_of
from kb.errors import DocumentTooLarge, DocumentUnreadable, KnowledgeError
from worker.addresses import Guard
from worker.errors import DatabaseUnavailable
from worker.ids import new_id
from worker.knowledge.fetching import Page, fetch, read_sitemap
from worker.knowledge.library import UNMARKED, DocumentMetadata, Library, NewDocument
from worker.store.engine import Store
from worker.store.idempotency import IdempotencyKeys, RequestKey
from worker.store.leases import RowLease, RowLeases
from worker.store.scope import Scope
from worker.store.tables import UNFINISHED_IMPORT, document_import
from worker.telemetry import logs
from worker.time import to_rfc3339

log = logs.get(__name__)

#: Columns of an import without the bytes that it came with.
LISTED = [column for column in document_import.c if column.name != "source"]

MAX_URLS = 1_000
_MAX_FILES = 5_000
_MAX_UNPACKED = 500 * 1024 * 1024
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
    """What to import: `kind` is archive, urls or sitemap; `source` the archive's bytes, or JSON."""

    kind: str
    name: str
    source: bytes
    marks: DocumentMetadata = UNMARKED

    @property
    def digest(self) -> str:
        """Changes whenever something else is imported."""
        digest = hashlib.sha256(self.source)
        digest.update(repr((self.kind, self.name, self.marks)).encode())
        return digest.hexdigest()


class _Lost(Exception):
    """Another process works the import off meanwhile."""


class _Tally:
    """What became of an import's files so far."""

    def __init__(self, row: Mapping[Any, Any]) -> None:
        self.done: int = row["done"]
        self.added: int = row["added"]
        self.unchanged: int = row["unchanged"]
        self.failed: dict[str, str] = dict(row["failed"] or {})

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


def wire(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return an import as clients see it."""
    return {
        "id": row["id"],
        "kind": row["kind"],
        "name": row["name"],
        "state": row["state"],
        "error": row["error"],
        "added": row["added"],
        "unchanged": row["unchanged"],
        "failures": row["done"] - row["added"] - row["unchanged"],
        "failed": [{"name": name, "reason": reason} for name, reason in (row["failed"] or {}).items()],
        "created_at": to_rfc3339(row["created_at"]),
        "finished_at": to_rfc3339(row["finished_at"]),
        "links": {"self": f"/v1/imports/{row['id']}"},
    }


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
        self._repetitions = idempotency_keys
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
            earlier = self._repetitions.earlier(tx, workspace_id, given, made=id)
            if earlier is not None:
                return wire(Scope(self._store, workspace_id).get_in(tx, document_import, earlier, columns=LISTED))
            row = tx.execute(
                document_import.insert()
                .values(
                    id=id,
                    workspace_id=workspace_id,
                    kind=new.kind,
                    name=new.name,
                    source=new.source,
                    marks=asdict(new.marks),
                    state="queued",
                    added=0,
                    unchanged=0,
                    attempts=0,
                    due_at=self._now,
                    created_at=self._now,
                )
                .returning(*LISTED)
            )
            return wire(row.mappings().one())

    def work_off(self, workspace_id: str) -> bool:
        """Turn queued imports of a workspace into queued documents for some seconds; return whether any are left.

        Raises:
            DatabaseUnavailable: as it says; what was not written down is done again.
        """
        ends = self._clock() + _SLICE_S
        while (row := self._claim(workspace_id)) is not None:
            with logs.bound(import_id=row["id"]):
                self._run(row, ends)
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

    def _claim(self, workspace_id: str) -> Mapping[Any, Any] | None:
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
            return self._leases.acquire(tx, [found])[0]

    def _run(self, row: Mapping[Any, Any], ends: float) -> None:
        tally, error = _Tally(row), None
        closing: dict[str, Any]
        state, closing = "done", {"finished_at": self._now, "source": b""}
        try:
            if row["attempts"] > _MAX_ATTEMPTS:
                raise KnowledgeError("The import ended the worker each time.")
            if not self._went_through(row, tally, ends):
                state, closing = "queued", {"due_at": self._now, "attempts": 0}
        except KnowledgeError as failed:
            state, error = "failed", str(failed)
        except (DatabaseUnavailable, _Lost) as left:
            log.warning("import_left", cause=type(left).__name__)
            if isinstance(left, DatabaseUnavailable):
                raise
            return
        except Exception:
            log.exception("import_failed")
            state, error = "failed", "The import could not be read."
        with suppress(_Lost):
            self._release(row, tally, state=state, error=error, **closing)
        log.info("import_left" if state == "queued" else "import_ended", state=state, added=tally.added, error=error)

    def _went_through(self, row: Mapping[Any, Any], tally: _Tally, ends: float) -> bool:
        """See to the files and pages that nobody saw to yet; return whether that was all of them."""
        marks = DocumentMetadata(
            **{**row["marks"], "tags": None if row["marks"]["tags"] is None else tuple(row["marks"]["tags"])}
        )
        noted = self._clock()
        for item in self._documents(row, tally):
            if item is None:
                if self._clock() >= ends:
                    return False  # the next slice finds out whether that was all
                if self._clock() - noted > 1.0:
                    self._renew(row, tally)
                    noted = self._clock()
                continue
            name, found = item
            if isinstance(found, str):
                tally.fail(name, found)
            else:
                try:
                    _document, changed = self._library.put_file(row["workspace_id"], replace(found, marks=marks))
                except KnowledgeError as refused:
                    tally.fail(name, str(refused))
                else:
                    tally.put(changed=changed)
        return True

    def _renew(self, row: Mapping[Any, Any], tally: _Tally, **values: Any) -> None:
        """Keep the import for another lease, and its progress.

        Raises:
            _Lost: another process has it.
        """
        if not self._leases.renew([_lease(row)], **tally.counts, **values):
            raise _Lost

    def _release(self, row: Mapping[Any, Any], tally: _Tally, **values: Any) -> None:
        """Write how an import ended, or that it waits for its next slice.

        Raises:
            _Lost: another process has it.
        """
        with self._store.begin() as tx:
            if not self._leases.release(tx, _lease(row), **tally.counts, **values):
                raise _Lost

    def _documents(self, row: Mapping[Any, Any], tally: _Tally) -> Iterator[tuple[str, NewDocument | str] | None]:
        """Yield the name of each that nobody saw to yet with its document, or with the reason why it is none.

        None stands where nothing that was fetched is lost by stopping.
        """
        if row["kind"] == "archive":
            for one in files_of_archive(row["name"], row["source"], after=tally.done):
                yield one
                yield None
            return
        asked = json.loads(row["source"])
        if "sitemap" in asked:

            def get(url: str, *, guard: Guard) -> Page:
                self._renew(row, tally)  # fifty slow ones take longer than a lease
                return self._get(url, guard=guard)

            sitemap = read_sitemap(asked["sitemap"], guard=self._guard, get=get)
            asked = {"urls": list(sitemap.pages), "unread": dict(sitemap.failed)}
            self._renew(row, tally, source=json.dumps(asked).encode())
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


def files_of_archive(name: str, data: bytes, *, after: int = 0) -> Iterator[tuple[str, NewDocument | str]]:
    """Yield the files of a zip archive but the first `after`; each with its document, or the reason why it is none.

    Raises:
        DocumentUnreadable: it is damaged.
        DocumentTooLarge: it holds more than 5,000 files or unfolds to more than 500 MiB.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError):
        raise DocumentUnreadable("The archive is damaged.") from None
    with archive:
        parts = [part for part in archive.infolist() if not part.is_dir() and not _is_clutter(part.filename)]
        if len(parts) > _MAX_FILES or sum(part.file_size for part in parts) > _MAX_UNPACKED:
            raise DocumentTooLarge(
                f"The archive holds more than {_MAX_FILES:,} files or {_MAX_UNPACKED // 1024**2} MiB. Split it."
            )
        for part in parts[after:]:
            yield part.filename, _member(archive, part, name)


def _member(archive: zipfile.ZipFile, part: zipfile.ZipInfo, archive_name: str) -> NewDocument | str:
    media_type = media_type_of(part.filename)
    if media_type is None:
        return "unknown kind of file"
    if part.flag_bits & 1:
        return "The file is encrypted."
    if part.file_size > MAX_BYTES:
        return f"The document has {part.file_size:,} bytes; at most {MAX_BYTES:,} are accepted."
    try:
        with archive.open(part) as file:
            data = file.read(MAX_BYTES + 1)  # what the archive says of its size need not be true
        title = title_of(data, media_type=media_type, name=PurePosixPath(part.filename).name)
        url = url_of(data, media_type)
    except KnowledgeError as error:
        return str(error)
    except _DAMAGES:
        return "The file is damaged."
    return NewDocument(
        title=(title or title_from_name(part.filename))[:500],
        url=url,
        data=data,
        media_type=media_type,
        name=f"{archive_name}/{part.filename}",
        titled=is_text(media_type),
    )


#: What the libraries that unpack say of what they cannot.
_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


def _lease(row: Mapping[Any, Any]) -> RowLease:
    return RowLease(id=row["id"], token=row["lease_token"])


def _is_clutter(name: str) -> bool:
    """Whether an archive's member is what file managers leave behind."""
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith(".")


def page(scope: Scope, *, after: str | None = None, limit: int = 20) -> tuple[list[dict[str, Any]], str | None]:
    """Return imports, newest first, and the cursor of the next page or None."""
    rows, cursor = scope.page(document_import, after=after, limit=limit, columns=LISTED)
    return [wire(row) for row in rows], cursor


def get(scope: Scope, import_id: str) -> dict[str, Any]:
    """Return an import.

    Raises:
        NotFound: the workspace has none with this id.
    """
    return wire(scope.get(document_import, import_id, columns=LISTED))


def recent(scope: Scope, *, limit: int) -> list[dict[str, Any]]:
    """Return the newest `limit` imports and all that are unfinished, newest first."""
    newest = scope.select(document_import, document_import.c.id).order_by(document_import.c.id.desc()).limit(limit)
    statement = (
        scope.select(document_import, *LISTED)
        .where(sa.or_(UNFINISHED_IMPORT, document_import.c.id.in_(newest)))
        .order_by(document_import.c.id.desc())
    )
    with scope.store.read() as connection:
        return [wire(row) for row in connection.execute(statement).mappings()]
