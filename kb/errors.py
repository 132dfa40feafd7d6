"""Anticipated failures of the knowledge base. docs/reference/errors.md has the tree with codes."""


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
    """The embedding model has not been exported yet: run `answerback model export`."""

    code = "model_missing"


class ExportUnavailable(KnowledgeError):
    """Exporting a model needs PyTorch: `pip install 'answerback[export]'`, or `make export` in a checkout."""

    code = "export_unavailable"


class ModelInvalid(KnowledgeError):
    """The embedding model's files are damaged: delete them and run `answerback model export`."""

    code = "model_invalid"


class EmbedderUnavailable(KnowledgeError):
    """The endpoint of the embedding model does not answer at the moment.

    Attributes:
        after_s: seconds after which it may be asked again, where it said so.
    """

    code = "embedder_unavailable"

    def __init__(self, message: str | None = None, *, after_s: float | None = None) -> None:
        super().__init__(message or "The endpoint of the embedding model does not answer at the moment.")
        self.after_s = after_s


class EmbedderRefused(EmbedderUnavailable):
    """The endpoint of the embedding model refuses key, model or dimensions: correct the settings."""

    code = "embedder_refused"


class SnapshotMissing(KnowledgeError):
    """There is no such snapshot of the knowledge base."""

    code = "snapshot_missing"


class SnapshotInvalid(KnowledgeError):
    """The snapshot is damaged or was made with another model."""

    code = "snapshot_invalid"


class SnapshotOutdated(SnapshotInvalid):
    """The snapshot is of an earlier version's format; an ingest worker publishes it anew."""

    code = "snapshot_outdated"
