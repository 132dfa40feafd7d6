"""The errors of the knowledge base.

KnowledgeError
├── DocumentUnreadable    the bytes hold no text that can be used
│   └── DocumentTooLarge
├── ModelMissing          no exported embedding model where it should be
├── ModelInvalid          its files are not the ones that were exported
├── SnapshotMissing       no snapshot at that place
└── SnapshotInvalid       a snapshot that must not be served
    └── SnapshotOutdated  one of a format before this version's
"""


class KnowledgeError(Exception):
    """The knowledge base failed."""

    code = "knowledge_error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class DocumentUnreadable(KnowledgeError):
    """The document holds no text that can be read."""

    code = "document_unreadable"
    field = "file"


class DocumentTooLarge(DocumentUnreadable):
    """The document is larger than the knowledge base accepts."""

    code = "document_too_large"


class ModelMissing(KnowledgeError):
    """The embedding model has not been exported yet: run `answerback model`."""

    code = "model_missing"


class ModelInvalid(KnowledgeError):
    """The embedding model's files are damaged: delete them and run `answerback model`."""

    code = "model_invalid"


class SnapshotMissing(KnowledgeError):
    """There is no such snapshot of the knowledge base."""

    code = "snapshot_missing"


class SnapshotInvalid(KnowledgeError):
    """The snapshot is damaged or was made with another model."""

    code = "snapshot_invalid"


class SnapshotOutdated(SnapshotInvalid):
    """The snapshot is of an earlier version's format; an ingest worker publishes it anew."""

    code = "snapshot_outdated"
