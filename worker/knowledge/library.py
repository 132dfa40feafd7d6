"""Documents of a workspace: add, replace, remove. Indexing follows in a worker."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from kb import documents
from kb.manifest import FORMAT
from worker.errors import Conflict, NotFound
from worker.ids import new_id
from worker.knowledge.serializers import document_to_api, snapshot_to_api
from worker.states import DocumentState
from worker.store import rows
from worker.store.engine import Store
from worker.store.filters import EVERYTHING, Which, conditions, holds
from worker.store.idempotency import IdempotencyKeys, RequestKey
from worker.store.scope import Scope
from worker.store.tables import UNREAD_DOCUMENT, document, passage, snapshot, workspace

#: Columns of a document without its bytes and its text.
LISTED = [column for column in document.c if column.name not in ("source", "text")]


@dataclass(frozen=True, kw_only=True)
class DocumentMetadata:
    """The fields by which searches filter documents; None was not given (see `over`)."""

    source: str | None = None
    language: str | None = None
    tags: tuple[str, ...] | None = None
    audience: str | None = None

    def over(self, before: "DocumentMetadata") -> "DocumentMetadata":
        """Return this metadata, with that of `before` where none is given: internal documents stay so unless told.

        A language that nobody gives is found in the text.
        """
        return DocumentMetadata(
            source=before.source if self.source is None else self.source,
            language=before.language if self.language is None else self.language,
            tags=before.tags if self.tags is None else self.tags,
            audience=before.audience if self.audience is None else self.audience,
        )


#: Nothing is given.
NO_METADATA = DocumentMetadata()

_OF_NEW = DocumentMetadata(tags=(), audience="public")


@dataclass(frozen=True, kw_only=True)
class NewDocument:
    """A document as it came; `name` is the file or page it was ingested from.

    `titled` says that somebody gave it its title; else what the file says of itself becomes its title.
    """

    title: str
    data: bytes
    media_type: str
    url: str | None = None
    name: str | None = None
    titled: bool = True
    metadata: DocumentMetadata = NO_METADATA

    @property
    def digest(self) -> str:
        """Changes whenever the document would be read differently."""
        digest = hashlib.sha256(self.data)
        digest.update(repr((self.title, self.url, self.media_type, self.metadata)).encode())
        return digest.hexdigest()


class Library:
    """Writes documents. Each change raises the knowledge base's revision, which a publish then catches up with."""

    def __init__(self, store: Store, idempotency_keys: IdempotencyKeys) -> None:
        self._store = store
        self._idempotency_keys = idempotency_keys
        self._now = store.clock.sql()

    def add(self, workspace_id: str, new: NewDocument, *, key: str | None = None) -> dict[str, Any]:
        """Queue a document for indexing and return it, or the one that was made of it under the same key.

        Raises:
            DocumentUnreadable: it is not what it is said to be, or blank.
            DocumentTooLarge: it is too large.
            IdempotencyMismatch: another document was added under the key.
            NotFound: what was added under the key is deleted.
        """
        documents.check(new.data, new.media_type)
        given = None if key is None else RequestKey(key=key, fingerprint=new.digest)
        with self._store.begin() as tx:
            id = new_id("doc")
            earlier = self._idempotency_keys.earlier(tx, workspace_id, given, made=id)
            if earlier is not None:
                row = Scope(self._store, workspace_id).get_in(tx, document, earlier, columns=LISTED)
                return document_to_api(rows.Document.from_row(row))
            return document_to_api(self._insert(tx, workspace_id, new, id=id))

    def add_in(self, tx: sa.Connection, workspace_id: str, new: NewDocument) -> dict[str, Any]:
        """Do the same inside a transaction, without a key."""
        documents.check(new.data, new.media_type)
        return document_to_api(self._insert(tx, workspace_id, new))

    def put_file(self, workspace_id: str, new: NewDocument) -> tuple[dict[str, Any], bool]:
        """Add the document of a file or replace the one it made before; return it and whether anything changed.

        Raises:
            DocumentUnreadable, DocumentTooLarge: as `add`.
        """
        documents.check(new.data, new.media_type)
        with self._store.begin() as tx:
            put, changed = self._put(tx, workspace_id, new)
            return document_to_api(put), changed

    def hold_file(self, tx: sa.Connection, workspace_id: str, new: NewDocument) -> tuple[str, bool]:
        """Do as `put_file` inside a transaction, but hold the document back; return its id and whether it changed.

        It is indexed and published once it is released: a crowd of documents together, not one by one.

        Raises:
            DocumentUnreadable, DocumentTooLarge: as `add`; nothing was written.
        """
        documents.check(new.data, new.media_type)
        put, changed = self._put(tx, workspace_id, new, held=True)
        return put.id, changed

    def release(self, tx: sa.Connection, workspace_id: str, ids: sa.Select[tuple[str | None]]) -> int:
        """Let documents be indexed that were held back; return how many there were."""
        held = (document.c.id.in_(ids), document.c.state == DocumentState.QUEUED, document.c.due_at.is_(None))
        released = tx.execute(document.update().where(*held).values(due_at=self._now)).rowcount
        if released:
            self._raise_revision(tx, workspace_id)
        return released

    def hide(self, tx: sa.Connection, workspace_id: str, ids: sa.Select[tuple[str | None]]) -> None:
        """Make documents internal: once that is published, which is soon, they are not cited any more."""
        which = (document.c.workspace_id == workspace_id, document.c.id.in_(ids), document.c.audience != "internal")
        if tx.execute(sa.select(document.c.id).where(*which).limit(1)).first() is None:
            return
        tx.execute(passage.delete().where(passage.c.document_id.in_(sa.select(document.c.id).where(*which))))
        hidden = document.update().where(*which)
        values = {
            "audience": "internal",
            "digest": "",  # that of no content: its file counts as changed when it is put again
            "state": DocumentState.QUEUED,
            "error": None,
            "revision": self._raise_revision(tx, workspace_id),
            "attempts": 0,
            "due_at": self._now,
            "updated_at": self._now,
        }
        tx.execute(hidden.values(**values))

    def remove_all(self, tx: sa.Connection, workspace_id: str, ids: sa.Select[tuple[str | None]]) -> int:
        """Delete documents inside a transaction; return how many there were."""
        which = (document.c.workspace_id == workspace_id, document.c.id.in_(ids))
        tx.execute(passage.delete().where(passage.c.document_id.in_(sa.select(document.c.id).where(*which))))
        removed = tx.execute(document.delete().where(*which)).rowcount
        if removed:
            self._raise_revision(tx, workspace_id)
        return removed

    def _put(
        self, tx: sa.Connection, workspace_id: str, new: NewDocument, *, held: bool = False
    ) -> tuple[rows.Document, bool]:
        same_file = Scope(self._store, workspace_id).select(document, *LISTED).where(document.c.name == new.name)
        row = tx.execute(same_file.with_for_update()).mappings().first()
        if row is None:  # one process at a time adds what is not there
            tx.execute(sa.select(workspace.c.id).where(workspace.c.id == workspace_id).with_for_update())
            row = tx.execute(same_file.with_for_update()).mappings().first()
        if row is None:
            return self._insert(tx, workspace_id, new, held=held), True
        before = rows.Document.from_row(row)
        new = _with_metadata_of(before, new)
        if before.digest == new.digest and before.state != DocumentState.FAILED:
            return before, False
        return self._replace(tx, before, new, held=held), True

    def replace(self, workspace_id: str, document_id: str, new: NewDocument) -> dict[str, Any]:
        """Replace a document; the old text answers until the new one is published, unless it becomes internal.

        Raises:
            NotFound: the workspace has no such document.
            DocumentUnreadable, DocumentTooLarge: as `add`.
        """
        documents.check(new.data, new.media_type)
        with self._store.begin() as tx:
            before = rows.Document.from_row(Scope(self._store, workspace_id).lock(tx, document, document_id))
            return document_to_api(self._replace(tx, before, _with_metadata_of(before, new)))

    def remove(self, workspace_id: str, document_id: str) -> None:
        """Delete a document; from the next publish on it is never cited.

        Raises:
            NotFound: the workspace has no such document.
        """
        with self._store.begin() as tx:
            self._raise_revision(tx, workspace_id)
            tx.execute(
                passage.delete().where(passage.c.document_id == document_id, passage.c.workspace_id == workspace_id)
            )
            gone = tx.execute(
                document.delete().where(document.c.id == document_id, document.c.workspace_id == workspace_id)
            )
            if not gone.rowcount:
                raise NotFound("There is no document with this id.")

    def remove_matching(self, workspace_id: str, which: Which, *, dry_run: bool) -> int:
        """Delete the documents that match the filters of `page`, or only count them; return how many there are."""
        ids = sa.select(document.c.id).where(document.c.workspace_id == workspace_id, *_conditions(self._store, which))
        if dry_run:
            with self._store.read() as connection:
                return connection.execute(sa.select(sa.func.count()).select_from(ids.subquery())).scalar_one()
        with self._store.begin() as tx:
            return self.remove_all(tx, workspace_id, ids)

    def activate(self, workspace_id: str, version: str) -> None:
        """Let a published snapshot answer from now on.

        Raises:
            NotFound: the workspace has no such snapshot.
            Conflict: it is of a format that this version does not read.
        """
        with self._store.begin() as tx:
            known = sa.select(snapshot.c.manifest).where(
                snapshot.c.workspace_id == workspace_id, snapshot.c.version == version
            )
            row = tx.execute(known).first()
            if row is None:
                raise NotFound("There is no snapshot with this version.")
            if row.manifest.get("format") != FORMAT:
                raise Conflict("The snapshot is of an earlier format: run `answerback snapshots rebuild`.")
            tx.execute(workspace.update().where(workspace.c.id == workspace_id).values(snapshot_version=version))

    def snapshots(self, workspace_id: str) -> list[dict[str, Any]]:
        """Return the published snapshots, newest first."""
        with self._store.read() as connection:
            active = connection.execute(
                sa.select(workspace.c.snapshot_version).where(workspace.c.id == workspace_id)
            ).scalar_one()
            found = connection.execute(
                sa.select(snapshot)
                .where(snapshot.c.workspace_id == workspace_id)
                .order_by(snapshot.c.revision.desc(), snapshot.c.created_at.desc())
            ).mappings()
            return [snapshot_to_api(rows.Snapshot.from_row(row), active=active) for row in found]

    def sweep(self, *, model: str | None = None) -> tuple[str, ...]:
        """Return the workspaces in which documents wait, or that changed after their snapshot was published.

        With `model`, also those whose active snapshot holds the newest state, made with another embedding model.
        """
        waiting = sa.select(document.c.workspace_id).where(UNREAD_DOCUMENT, document.c.due_at <= self._now)
        newest = (
            sa.select(sa.func.max(snapshot.c.revision))
            .where(snapshot.c.workspace_id == workspace.c.id)
            .scalar_subquery()
        )
        behind = sa.select(workspace.c.id).where(workspace.c.knowledge_revision > sa.func.coalesce(newest, 0))
        other = (
            sa.select(workspace.c.id)
            .join(snapshot, snapshot.c.workspace_id == workspace.c.id)
            .where(
                snapshot.c.version == workspace.c.snapshot_version,
                snapshot.c.revision == workspace.c.knowledge_revision,
                snapshot.c.manifest["model"].as_string() != model,
            )
        )
        wanted = waiting.union(behind) if model is None else waiting.union(behind, other)
        with self._store.read() as connection:
            return tuple(dict.fromkeys(connection.execute(wanted).scalars()))

    def _insert(
        self, tx: sa.Connection, workspace_id: str, new: NewDocument, *, id: str | None = None, held: bool = False
    ) -> rows.Document:
        new = replace(new, metadata=new.metadata.over(_OF_NEW))
        inserted = document.insert().values(
            id=id or new_id("doc"),
            workspace_id=workspace_id,
            created_at=self._now,
            **self._content(tx, workspace_id, new, held=held),
        )
        return rows.Document.from_row(tx.execute(inserted.returning(*LISTED)).mappings().one())

    def _replace(
        self, tx: sa.Connection, before: rows.Document, new: NewDocument, *, held: bool = False
    ) -> rows.Document:
        if new.metadata.audience == "internal" and (before.indexed_metadata or {}).get("audience") != "internal":
            tx.execute(passage.delete().where(passage.c.document_id == before.id))
        changed = (
            document.update()
            .where(document.c.id == before.id)
            .values(**self._content(tx, before.workspace_id, new, held=held))
        )
        return rows.Document.from_row(tx.execute(changed.returning(*LISTED)).mappings().one())

    def _content(self, tx: sa.Connection, workspace_id: str, new: NewDocument, *, held: bool) -> dict[str, Any]:
        fields = {
            "title": new.title,
            "url": new.url,
            "media_type": new.media_type,
            "source": new.data,
            "digest": new.digest,
            "titled": new.titled,
            "collection": new.metadata.source,
            "language": new.metadata.language,
            "tags": list(new.metadata.tags or ()) or None,
            "audience": new.metadata.audience,
        }
        if new.name is not None:
            fields["name"] = new.name
        return {
            **fields,
            "state": DocumentState.QUEUED,
            "error": None,
            "passages": 0,
            "revision": self._raise_revision(tx, workspace_id, by=0 if held else 1),
            "attempts": 0,
            "due_at": None if held else self._now,
            "updated_at": self._now,
        }

    def _raise_revision(self, tx: sa.Connection, workspace_id: str, *, by: int = 1) -> int:
        raised = (
            workspace.update()
            .where(workspace.c.id == workspace_id)
            .values(knowledge_revision=workspace.c.knowledge_revision + by)
            .returning(workspace.c.knowledge_revision)
        )
        return int(tx.execute(raised).scalar_one())


def _with_metadata_of(before: rows.Document, new: NewDocument) -> NewDocument:
    """Return a document that replaces another, with the metadata that it keeps."""
    metadata = DocumentMetadata(
        source=before.collection,
        language=before.language,
        tags=tuple(before.tags or ()),
        audience=before.audience,
    )
    return replace(new, metadata=new.metadata.over(metadata))


def page(
    scope: Scope, which: Which = EVERYTHING, *, after: str | None = None, limit: int = 20
) -> tuple[list[dict[str, Any]], str | None]:
    """Return documents without their text, newest first or by `sort`, and the cursor of the next page or None.

    `which` may have `state` (one, or several), `source`, `language`, `tag`, `audience`, `created_after` and
    `created_before`.
    """
    where = _conditions(scope.store, which)
    found, cursor = scope.page(document, *where, after=after, limit=limit, sort=which.get("sort"), columns=LISTED)
    return [document_to_api(rows.Document.from_row(row)) for row in found], cursor


def _conditions(store: Store, which: Which) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of the filters of `page`."""
    language = sa.func.coalesce(document.c.language, document.c.indexed_metadata["language"].as_string())
    names = {"source": document.c.collection, "language": language, "audience": document.c.audience}
    where = conditions(which, names, created=document.c.created_at)
    if "state" in which:
        states = [which["state"]] if isinstance(which["state"], str) else list(which["state"])
        shown_so = [DocumentState.INDEXED] if DocumentState.INDEXING in states else []
        where.append(document.c.state.in_([*states, *shown_so]))
    if "tag" in which:
        where.append(holds(store, document.c.tags, which["tag"]))
    return where


def get(scope: Scope, document_id: str) -> dict[str, Any]:
    """Return a document with its text.

    Raises:
        NotFound: the workspace has none with this id.
    """
    row = scope.get(document, document_id, columns=(*LISTED, document.c.text))
    return document_to_api(rows.DocumentText.from_row(row))
