"""Rows of documents, imports and snapshots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from worker.states import (
    DocumentState,
    ExchangeState,
    ImportState,
    ItemOutcome,
    RunState,
    SourceKind,
    SourceState,
    SuggestionState,
)
from worker.store.rows.base import Json, TableRow


@dataclass(frozen=True, kw_only=True)
class Document(TableRow):
    """A document of the knowledge base, without its bytes and its text.

    `indexed_metadata` goes with the text that is indexed; a document that replaces it has metadata of its own already.
    """

    id: str
    workspace_id: str
    title: str
    url: str | None = None
    name: str | None = None
    media_type: str
    digest: str
    titled: bool
    collection: str | None = None
    language: str | None = None
    tags: Sequence[str] | None = None
    audience: str
    indexed_metadata: Json | None = None
    passages: int
    state: DocumentState
    error: str | None = None
    revision: int
    attempts: int
    lease_token: int
    due_at: int | None = None
    created_at: int
    updated_at: int


@dataclass(frozen=True, kw_only=True)
class DocumentText(Document):
    """A document with its text, once it has been read."""

    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class DocumentFile(Document):
    """A document with its bytes."""

    source: bytes


@dataclass(frozen=True, kw_only=True)
class DocumentImport(TableRow):
    """An import of many documents, without the bytes that it came with; `failed` has reasons by name."""

    id: str
    workspace_id: str
    kind: str
    name: str
    metadata: Json
    state: ImportState
    error: str | None = None
    added: int
    unchanged: int
    failed: Mapping[str, str] | None = None
    done: int
    attempts: int
    lease_token: int
    due_at: int | None = None
    created_at: int
    finished_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class DocumentImportFile(DocumentImport):
    """An import with its archive, or the JSON that says what to import."""

    source: bytes


@dataclass(frozen=True, kw_only=True)
class Source(TableRow):
    """A source of documents; `run_id` is the look that has not ended."""

    id: str
    workspace_id: str
    name: str
    kind: SourceKind
    location: str
    token: str | None = None
    options: Json
    metadata: Json
    interval_s: int
    state: SourceState
    run_id: str | None = None
    cursor: Json | None = None
    failures: int
    error: str | None = None
    attempts: int
    lease_token: int
    due_at: int | None = None
    looked_at: int | None = None
    created_at: int
    updated_at: int


@dataclass(frozen=True, kw_only=True)
class SourceItem(TableRow):
    """A page or file of a source."""

    source_id: str
    key: str
    workspace_id: str
    document_id: str | None = None
    digest: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    mark: str | None = None
    listed_mark: str | None = None
    listed_run: str | None = None
    read_run: str | None = None
    pending: bool
    outcome: ItemOutcome | None = None


@dataclass(frozen=True, kw_only=True)
class SourceRun(TableRow):
    """A look at a source; `total` is None until the source has listed its items."""

    id: str
    workspace_id: str
    source_id: str
    state: RunState
    accepts_loss: bool
    total: int | None = None
    complete: bool
    cursor: Json | None = None
    added: int
    changed: int
    unchanged: int
    gone: int
    failures: int
    failed: Mapping[str, str] | None = None
    error: str | None = None
    started_at: int
    finished_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class Snapshot(TableRow):
    """A published snapshot of a workspace's knowledge base; `revision` is the state of the documents that it holds."""

    workspace_id: str
    version: str
    revision: int
    manifest: Json
    created_at: int


@dataclass(frozen=True, kw_only=True)
class Suggestion(TableRow):
    """A draft of an article; `count` is the number of exchanges that it stands for."""

    id: str
    workspace_id: str
    state: SuggestionState
    question: str
    title: str
    text: str
    written_by: str
    count: int
    document_id: str | None = None
    note: str | None = None
    created_at: int
    updated_at: int
    decided_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class Exchange(TableRow):
    """A question that was handed off for want of an answer, and a human's reply; neither holds personal data."""

    id: str
    workspace_id: str
    suggestion_id: str | None = None
    conversation_id: str
    message_id: str
    state: ExchangeState
    question: str
    reply: str
    asked_at: int
    attempts: int
    lease_token: int
    due_at: int | None = None
    created_at: int
