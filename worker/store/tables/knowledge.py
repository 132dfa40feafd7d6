"""Documents, their passages and vectors, and the snapshots that are built of them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
    true,
)

from worker.store.tables.base import (
    JSON_OR_NULL,
    id_column,
    in_text,
    lease_token_column,
    metadata,
    time_column,
    workspace_column,
)

_UNREAD = text("state IN ('queued', 'indexing')")

document = Table(
    "document",
    metadata,
    id_column(),
    workspace_column(),
    Column("title", Text, nullable=False),
    Column("url", Text),
    Column("name", Text),  # the file it was ingested from; ingesting that file again replaces the document
    Column("media_type", String(100), nullable=False),
    Column("source", LargeBinary, nullable=False),  # the bytes as they came
    Column("digest", String(64), nullable=False),  # sha256 of what it was made from: bytes, title, url, metadata
    Column("titled", Boolean, nullable=False, server_default=true()),  # else what the file says of itself is its title
    Column("collection", String(100)),  # where it belongs, as `source` in the API
    Column("language", String(16)),  # as somebody said
    Column("tags", JSON_OR_NULL),
    Column("audience", String(16), nullable=False, server_default="public"),  # internal is never cited to customers
    Column("text", Text),
    Column(
        "indexed_metadata", JSON_OR_NULL
    ),  # title, url and metadata that go with `text`, until a replacement is indexed
    Column("passages", Integer, nullable=False),
    Column("state", String(16), nullable=False),  # worker.states.DocumentState
    Column("error", Text),
    Column("revision", BigInteger, nullable=False),  # the knowledge base's, at its last change
    Column("attempts", Integer, nullable=False),
    lease_token_column(),
    time_column("due_at"),  # or, while it is indexed, the end of the lease
    time_column("created_at", nullable=False),
    time_column("updated_at", nullable=False),
    Index("ix_document_list", "workspace_id", "id"),
    Index("ix_document_due", "due_at", sqlite_where=_UNREAD, postgresql_where=_UNREAD),
    info={"purpose": "a document of the knowledge base with its text and state"},
)

_UNFINISHED = text("state IN ('queued', 'running')")

document_import = Table(
    "document_import",
    metadata,
    id_column(),
    workspace_column(),
    Column("kind", String(16), nullable=False),  # archive, urls, sitemap
    Column("name", Text, nullable=False),  # of the archive's file, or where it was found
    Column("source", LargeBinary, nullable=False),  # the archive, or JSON; emptied when it is done
    Column("metadata", JSON_OR_NULL, nullable=False),  # of each document
    Column("state", String(16), nullable=False),  # worker.states.ImportState
    Column("error", Text),
    Column("added", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("failed", JSON_OR_NULL),  # reasons by name, of the first 1,000
    Column("done", Integer, nullable=False, server_default="0"),  # how many of its files or pages were seen to
    Column("attempts", Integer, nullable=False),
    lease_token_column(),
    time_column("due_at"),  # or, while it is running, the end of the lease
    time_column("created_at", nullable=False),
    time_column("finished_at"),
    Index("ix_document_import_list", "workspace_id", "id"),
    Index("ix_document_import_due", "due_at", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
    info={"purpose": "a bulk import and its progress"},
)

_LOOKED_AT = text("state IN ('idle', 'queued', 'running')")

source = Table(
    "source",
    metadata,
    id_column(),
    workspace_column(),
    Column("name", String(100), nullable=False),  # `source` of its documents
    Column("kind", String(16), nullable=False),  # worker.states.SourceKind
    Column("location", Text, nullable=False),  # a URL, or a folder
    Column("token", Text),  # secret
    Column("options", JSON_OR_NULL, nullable=False),  # of the connector
    Column("metadata", JSON_OR_NULL, nullable=False),  # language, tags and audience of its documents
    Column("interval_s", Integer, nullable=False),
    Column("state", String(16), nullable=False),  # worker.states.SourceState
    Column("run_id", String(48)),  # the look that has not ended
    Column("cursor", JSON_OR_NULL),  # of the connector: where the last complete look ended
    Column("failures", Integer, nullable=False, server_default="0"),  # looks that failed in a row
    Column("error", Text),  # of the last look
    Column("attempts", Integer, nullable=False),
    lease_token_column(),
    time_column("due_at"),  # or, while it is looked at, the end of the lease
    time_column("looked_at"),  # when the last look ended
    time_column("created_at", nullable=False),
    time_column("updated_at", nullable=False),
    UniqueConstraint("workspace_id", "name"),
    Index("ix_source_list", "workspace_id", "id"),
    Index("ix_source_due", "due_at", sqlite_where=_LOOKED_AT, postgresql_where=_LOOKED_AT),
    info={"purpose": "where documents come from and are looked at again"},
)

source_item = Table(
    "source_item",
    metadata,
    Column("source_id", String(48), ForeignKey("source.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),  # the URL or path of it
    workspace_column(),
    Column("document_id", String(48), ForeignKey("document.id", ondelete="SET NULL"), index=True),
    Column("digest", String(64)),  # of what its document says
    Column("etag", Text),
    Column("last_modified", Text),
    Column("mark", Text),  # what the source said of its version when it was read
    Column("listed_mark", Text),  # and when it was listed last
    Column("listed_run", String(48)),  # the last look that listed it
    Column("read_run", String(48)),  # the last look that read it
    Column("pending", Boolean, nullable=False),  # whether the look that is under way has to read it
    Column("outcome", String(16)),  # of the last look: worker.states.ItemOutcome
    info={"purpose": "a page or file of a source, and its document"},
)

source_run = Table(
    "source_run",
    metadata,
    id_column(),
    workspace_column(),
    Column("source_id", String(48), ForeignKey("source.id", ondelete="CASCADE"), nullable=False),
    Column("state", String(16), nullable=False),  # worker.states.RunState
    Column("accepts_loss", Boolean, nullable=False),  # whether any number of documents may be removed
    Column("total", Integer),  # how many items it has to see to, once they are listed
    Column("complete", Boolean, nullable=False),  # whether what is not listed is gone
    Column("cursor", JSON_OR_NULL),  # that the source gets when it is done
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("gone", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failed", JSON_OR_NULL),  # reasons by item, of the first 1,000
    Column("error", Text),
    time_column("started_at", nullable=False),
    time_column("finished_at"),
    Index("ix_source_run_list", "source_id", "id"),
    info={"purpose": "a look at a source, with what it found"},
)

passage = Table(
    "passage",
    metadata,
    id_column(),
    workspace_column(),
    Column("document_id", String(48), ForeignKey("document.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("headings", JSON_OR_NULL, nullable=False),
    Column("anchor", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    info={"purpose": "a passage of a document, with its offsets"},
)

vector = Table(
    "vector",
    metadata,
    Column("workspace_id", String(48), ForeignKey("workspace.id"), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("digest", String(64), primary_key=True),  # of the passage's embedded text
    Column("value", LargeBinary, nullable=False),  # float32, little-endian,
    info={"purpose": "the embedding of a passage, by content hash and model"},
)

snapshot = Table(
    "snapshot",
    metadata,
    Column("workspace_id", String(48), ForeignKey("workspace.id"), primary_key=True),
    Column("version", String(48), primary_key=True),
    Column("revision", BigInteger, nullable=False),  # the state of the documents that it holds
    Column("manifest", JSON_OR_NULL, nullable=False),
    time_column("created_at", nullable=False),
    info={"purpose": "a published version of the knowledge base"},
)

suggestion = Table(
    "suggestion",
    metadata,
    id_column(),
    workspace_column(),
    Column("state", String(16), nullable=False),  # worker.states.SuggestionState
    Column("question", Text, nullable=False),  # the first that was asked; others join it by what they ask
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),  # Markdown
    Column("written_by", String(16), nullable=False),  # model, or human where it is the reply as it was
    Column("count", Integer, nullable=False),  # exchanges that it stands for
    Column("document_id", String(48)),  # that it was published as; it may be deleted since
    Column("note", Text),  # of whoever decided
    time_column("created_at", nullable=False),
    time_column("updated_at", nullable=False),
    time_column("decided_at"),
    Index("ix_suggestion_list", "workspace_id", "id"),
    Index("ix_suggestion_state", "workspace_id", "state", "id"),
    info={"purpose": "a draft of an article that an editor accepts or refuses"},
)

_UNDRAFTED = text("state IN ('queued', 'drafting')")

exchange = Table(
    "exchange",
    metadata,
    id_column(),
    workspace_column(),
    Column("suggestion_id", String(48), ForeignKey("suggestion.id", ondelete="CASCADE"), index=True),  # once drafted
    Column(
        "conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("message_id", String(48), nullable=False, unique=True),  # the customer's message that the bot handed off
    Column("state", String(16), nullable=False),  # worker.states.ExchangeState
    Column("question", Text, nullable=False),  # without personal data, like the reply
    Column("reply", Text, nullable=False),  # the human's
    time_column("asked_at", nullable=False),
    Column("attempts", Integer, nullable=False),
    lease_token_column(),
    time_column("due_at"),  # or, while it is drafted, the end of the lease
    time_column("created_at", nullable=False),
    Index("ix_exchange_due", "due_at", sqlite_where=_UNDRAFTED, postgresql_where=_UNDRAFTED),
    info={"purpose": "a question that the bot handed off for want of an answer, and a human's reply to it"},
)

#: The conditions of the partial indices above, to be asked for in these words.
UNREAD_DOCUMENT = in_text(document.c.state, "queued", "indexing")
UNDRAFTED_EXCHANGE = in_text(exchange.c.state, "queued", "drafting")
UNFINISHED_IMPORT = in_text(document_import.c.state, "queued", "running")
UNPAUSED_SOURCE = in_text(source.c.state, "idle", "queued", "running")
