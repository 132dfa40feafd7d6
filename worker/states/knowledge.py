"""Enumerations of documents, their sources and suggestions."""

from enum import StrEnum


class DocumentState(StrEnum):
    """State of a document; one that is indexed waits for the publish of a snapshot that holds it."""

    QUEUED = "queued"
    INDEXING = "indexing"
    INDEXED = "indexed"
    READY = "ready"
    FAILED = "failed"


class ImportState(StrEnum):
    """State of an import of many documents."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class SourceState(StrEnum):
    """State of a source: between two looks, queued for a worker, looked at by one, or paused."""

    IDLE = "idle"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"


class SourceKind(StrEnum):
    """Kind of a source, which chooses its connector."""

    SITEMAP = "sitemap"
    FEED = "feed"
    PAGE = "page"
    FOLDER = "folder"
    GIT = "git"
    ZENDESK = "zendesk"
    INTERCOM = "intercom"
    CONFLUENCE = "confluence"
    NOTION = "notion"
    FRESHDESK = "freshdesk"
    CHATWOOT = "chatwoot"
    S3 = "s3"


class ItemOutcome(StrEnum):
    """How a page or file of a source was found at the last look."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    GONE = "gone"
    FAILED = "failed"


class RunState(StrEnum):
    """State of a look at a source; one that is held would have lost too many documents and removed none."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    HELD = "held"


class SuggestionState(StrEnum):
    """State of a suggestion: it waits for an editor, is published as a document, or is not wanted."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class ExchangeState(StrEnum):
    """State of an exchange that a suggestion may come of; one that is skipped says too little for a document."""

    QUEUED = "queued"
    DRAFTING = "drafting"
    DONE = "done"
    SKIPPED = "skipped"
