"""Every table. Times are whole milliseconds since 1970 UTC, by the database's clock.

Every row carries its workspace, so that one rule scopes every query (see `worker/store/scope.py`).
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    text,
    true,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_JSON = JSON(none_as_null=True)
_Serial = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[str]:
    return Column("id", String(48), primary_key=True)


def _workspace() -> Column[str]:
    return Column("workspace_id", String(48), ForeignKey("workspace.id"), nullable=False)


def _time(name: str, *, nullable: bool = True, server_default: str | None = None) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable, server_default=server_default)


def _lease_token() -> Column[int]:
    """Return the fencing token of a row that is leased: it grows with every lease (see `worker.store.leases`)."""
    return Column("lease_token", BigInteger, nullable=False, server_default="0")


workspace = Table(
    "workspace",
    metadata,
    _id(),
    Column("name", String(200), nullable=False, unique=True),
    Column("callback_secret", String(200), nullable=False),
    Column("knowledge_revision", BigInteger, nullable=False, server_default="0"),  # counts changes to documents
    Column("snapshot_version", String(48)),  # the snapshot that answers
    _time("created_at", nullable=False),
)

process = Table(  # the workers that live, and how they are
    "process",
    metadata,
    _id(),  # the holder of its leases
    Column("roles", _JSON, nullable=False),  # the queues that it consumes
    Column("state", String(16), nullable=False),  # worker.runtime.presence.STATES
    Column("leases", Integer, nullable=False),  # held now
    Column("caches", _JSON),  # what its caches did and hold
    _time("started_at", nullable=False),
    _time("seen_at", nullable=False),
)

sample = Table(  # what happened and how long it took, summed over all processes since the database was made
    "sample",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("labels", String(250), primary_key=True),  # a="b",c="d"
    Column("value", Float, nullable=False),
)

api_key = Table(
    "api_key",
    metadata,
    _id(),
    _workspace(),
    Column("name", String(200), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),  # sha256 of the key, in hex
    Column("hint", String(16), nullable=False),  # its first characters, to tell keys apart
    Column("scopes", _JSON, nullable=False),
    Column("login", String(100), unique=True),  # with its password, also opens the console
    Column("password", Text),  # a hash that names its method
    _time("created_at", nullable=False),
    _time("expires_at"),
    _time("revoked_at"),
)

audit = Table(  # what operators did
    "audit",
    metadata,
    _id(),
    _workspace(),
    Column(
        "actor", String(200), nullable=False
    ),  # the name of a key or, at the command line, of who is logged in there
    Column("key_id", String(48)),
    Column("via", String(16), nullable=False),  # api, console, cli
    Column("action", String(64), nullable=False),
    Column("subject", String(200)),  # the id of what it was done to
    Column("request_id", String(128)),
    _time("created_at", nullable=False),
    Index("ix_audit_list", "workspace_id", "id"),
)

conversation = Table(
    "conversation",
    metadata,
    _id(),
    _workspace(),
    Column("external_id", String(200)),
    Column("subject", Text),
    Column("requester", _JSON),
    Column("channel", String(64)),
    Column("helpdesk_id", String(48)),  # that it is a ticket of; its `external_id` then names both
    Column("metadata", _JSON),
    Column("owner", String(16), nullable=False),  # bot, human, closed
    Column("handoff", _JSON),  # the latest one: {reason, summary, at}
    Column("next_seq", Integer, nullable=False),
    Column("history", Integer, nullable=False),  # counts changes to what was said; session state is stamped with it
    Column("mailbox", String(16), nullable=False),  # idle, ready, running, waiting
    _time(
        "due_at"
    ),  # when a sweeper takes it up: nobody came for it (ready), retry (waiting), end of the lease (running)
    _time("ready_at"),  # since when something waits in it; whoever waited longest is claimed first
    Column("lease_token", BigInteger, nullable=False),  # the fencing token: grows with every claim
    Column("lease_holder", String(48)),  # the process that holds the lease
    Column("abort", Boolean, nullable=False),  # tells the holder that nobody waits for its answer any more
    _time("created_at", nullable=False),
    _time("updated_at", nullable=False),
    UniqueConstraint("workspace_id", "external_id"),
    Index("ix_conversation_list", "workspace_id", "owner", "id"),
    Index("ix_conversation_newest", "workspace_id", "id"),
    Index(
        "ix_conversation_ready",
        "ready_at",
        sqlite_where=text("mailbox <> 'idle'"),
        postgresql_where=text("mailbox <> 'idle'"),
    ),
    Index(
        "ix_conversation_due",
        "due_at",
        sqlite_where=text("mailbox <> 'idle'"),
        postgresql_where=text("mailbox <> 'idle'"),
    ),
    Index(
        "ix_conversation_human",
        "updated_at",
        sqlite_where=text("owner = 'human'"),
        postgresql_where=text("owner = 'human'"),
    ),
)

_OPEN = text("state IN ('queued', 'running')")
_KEYED = text("idempotency_key IS NOT NULL")

message = Table(
    "message",
    metadata,
    _id(),
    _workspace(),
    Column("conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("role", String(16), nullable=False),  # customer, assistant, agent
    Column("author", String(200)),
    Column("state", String(16), nullable=False),  # queued, running, answered, handed_off, cancelled, failed
    Column("content", Text, nullable=False),
    Column("idempotency_key", String(255)),
    Column("fingerprint", String(64)),
    Column("callback_url", Text),
    Column("request_id", String(128)),
    Column("traceparent", String(64)),  # of the request that brought it (W3C Trace Context), where requests are traced
    Column("key_id", String(48)),  # the API key that brought it
    Column("from_third_party", Boolean, nullable=False, server_default=false()),  # not from the conversation's customer
    Column("attempts", Integer, nullable=False),
    Column("fence", BigInteger),  # lease token under which it was last worked on
    Column("reply_id", String(48)),  # the assistant's message that answers it
    Column("attachments", _JSON),  # ids
    Column("handoff", _JSON),
    Column("error", _JSON),
    Column("feedback", _JSON),
    Column("timings", _JSON),
    Column("retrieved", _JSON),  # what was searched for and found, for people
    _time("created_at", nullable=False),
    _time("started_at"),
    _time("finished_at"),
    _time("deadline_at"),
    UniqueConstraint("conversation_id", "seq"),
    UniqueConstraint("workspace_id", "idempotency_key"),
    Index("ix_message_deadline", "deadline_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_message_open", "conversation_id", "seq", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_message_keyed", "created_at", sqlite_where=_KEYED, postgresql_where=_KEYED),
)

spending = Table(  # what language models cost
    "spending",
    metadata,
    _id(),
    _workspace(),
    Column("scope", String(16), nullable=False),  # message, conversation, key, day
    Column("subject", String(48), nullable=False),  # the id of it; `all` for a day
    Column("day", String(10), nullable=False),  # of a key and a day, UTC; else empty
    Column("calls", Integer, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("cost_usd", Float, nullable=False),
    _time("updated_at", nullable=False),
    UniqueConstraint("workspace_id", "scope", "subject", "day"),
    Index("ix_spending_list", "workspace_id", "scope", "id"),
)

memory = Table(  # what is known of a customer beyond one conversation
    "memory",
    metadata,
    _id(),
    _workspace(),
    Column("customer", String(320), nullable=False),  # their id or e-mail address, see `memories.customer_of`
    Column("name", String(100), nullable=False),
    Column("value", Text, nullable=False),
    Column("source", String(16), nullable=False),  # assistant, api
    Column("importance", Float, nullable=False, server_default=text("0.5")),  # 0 to 1
    Column("conversation_id", String(48)),  # in which it was said
    _time("expires_at", nullable=False),
    _time("created_at", nullable=False),
    _time("updated_at", nullable=False),
    UniqueConstraint("workspace_id", "customer", "name"),
    Index("ix_memory_list", "workspace_id", "id"),
    Index("ix_memory_expires", "expires_at"),
)

tool_call = Table(  # what the language model asked for, and what became of it
    "tool_call",
    metadata,
    _id(),  # also the Idempotency-Key of what is written elsewhere
    _workspace(),
    Column(
        "conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("message_id", String(48), nullable=False),
    Column("tool", String(64), nullable=False),
    Column("arguments", _JSON, nullable=False),
    Column("state", String(16), nullable=False),  # waiting (for a confirmation), running, done, failed, refused, lapsed
    Column("confirmed_by", String(48)),  # the message with which the customer said yes
    Column("result", Text),  # what the model was told
    Column("error", Text),
    Column("duration_ms", Integer),
    _time("created_at", nullable=False),
    _time("finished_at"),
)

attachment = Table(  # a file that came with a message
    "attachment",
    metadata,
    _id(),
    _workspace(),
    Column("conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE"), index=True),  # once named
    Column("name", Text, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),  # bytes
    Column("source", LargeBinary, nullable=False),
    Column("text", Text),  # once a worker read it
    Column("sections", _JSON),
    Column("error", Text),  # why it cannot be read
    _time("created_at", nullable=False),
    Index(
        "ix_attachment_unused",
        "created_at",
        sqlite_where=text("conversation_id IS NULL"),
        postgresql_where=text("conversation_id IS NULL"),
    ),
)

reply = Table(
    "reply",
    metadata,
    _id(),  # that of the assistant's message
    _workspace(),
    Column(
        "conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("content", Text, nullable=False),
    Column("citations", _JSON, nullable=False),
    Column("support", Float, nullable=False),
    Column("answerer", String(32), nullable=False),
    Column("model", String(200)),
    Column("snapshot", String(48)),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("cost_usd", Float, nullable=False),
    _time("created_at", nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    _workspace(),
    Column("conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE")),
    Column("message_id", String(48)),
    Column("type", String(64), nullable=False),
    Column("data", _JSON, nullable=False),
    _time("created_at", nullable=False),
    Index("ix_event_conversation", "conversation_id", "id"),
    Index("ix_event_message", "message_id", "id"),
)

endpoint = Table(  # where callbacks go
    "endpoint",
    metadata,
    _id(),
    _workspace(),
    Column("url", Text, nullable=False),
    Column("description", Text),
    Column("events", _JSON),  # types; all without it
    Column("headers", _JSON),  # sent with each callback
    Column("rate_limit", String(32)),  # such as 10/second
    Column("secret", String(200), nullable=False),
    Column("old_secret", String(200)),  # signs too until `old_until`
    _time("old_until"),
    Column("state", String(16), nullable=False),  # enabled, disabled
    Column("reason", Text),  # why it is disabled
    _time("created_at", nullable=False),
    _time("updated_at", nullable=False, server_default="0"),
    Index("ix_endpoint_list", "workspace_id", "id"),
)

destination = Table(  # the circuit of a destination: a row from its first failure, or for a rate limit
    "destination",
    metadata,
    _id(),  # an endpoint's or a helpdesk's id, or the hash of the origin of callback URLs
    _workspace(),
    Column("failures", Integer, nullable=False),  # in a row
    _time("failing_since"),
    _time("circuit_open_until"),  # nothing is sent before
    _time("paced_until"),  # up to when its rate is used up
)

_UNSENT = text("state = 'pending'")

delivery = Table(
    "delivery",
    metadata,
    _id(),  # the webhook-id: the same over all attempts
    _workspace(),
    Column("kind", String(24), nullable=False, server_default=""),  # worker.states.DeliveryKind
    Column("destination_id", String(48), nullable=False, server_default=""),  # see `destination`
    Column("endpoint_id", String(48), ForeignKey("endpoint.id"), index=True),
    Column("conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE"), index=True),
    Column("message_id", String(48)),
    Column("ticket", String(100)),  # of the helpdesk, for deliveries to one
    Column("event_id", BigInteger),  # the order of the deliveries of one conversation to one destination
    Column("type", String(64), nullable=False),  # of the event that it reports
    Column("url", Text, nullable=False),
    Column("payload", Text, nullable=False),  # worker.deliveries.payloads
    Column("state", String(16), nullable=False),  # pending, delivered, exhausted
    Column("attempts", Integer, nullable=False),
    Column("round", Integer, nullable=False, server_default="0"),  # attempts before it was last replayed
    Column("lease_token", BigInteger, nullable=False),
    _time("due_at"),  # next attempt, or the end of the lease of the one under way
    _time("created_at", nullable=False),
    _time("finished_at"),
    Index("ix_delivery_due", "destination_id", "due_at", "event_id", sqlite_where=_UNSENT, postgresql_where=_UNSENT),
    Index(
        "ix_delivery_order",
        *("conversation_id", "destination_id", "event_id"),
        sqlite_where=_UNSENT,
        postgresql_where=_UNSENT,
    ),
    Index("ix_delivery_list", "workspace_id", "id"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    _workspace(),
    Column("delivery_id", String(48), ForeignKey("delivery.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    _time("started_at", nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("status", Integer),
    Column("address", String(64)),
    Column("error", Text),
    Column("response", Text),
)

helpdesk = Table(  # a connection to one
    "helpdesk",
    metadata,
    _id(),
    _workspace(),
    Column("name", String(100), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("url", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("webhook_secret", Text, nullable=False),
    Column("options", _JSON, nullable=False),  # of its kind
    Column("mode", String(16), nullable=False),  # reply, draft, shadow
    Column("languages", _JSON),  # it may answer in; all without
    Column("hours", _JSON),  # it may answer in; all without
    Column("handoff", _JSON),  # what a ticket gets when a person is needed: {status, tags, assignee, group}
    Column("answered", _JSON),  # and when it is answered: {status, tags}
    Column("resume_tag", String(100)),  # gives a ticket back to the bot
    Column("state", String(16), nullable=False),  # enabled, disabled
    _time("heard_at"),  # when a webhook of its came last, within a minute
    _time("refused_at"),  # and one that was not signed by it
    _time("created_at", nullable=False),
    _time("updated_at", nullable=False),
    UniqueConstraint("workspace_id", "name"),
)

helpdesk_message = Table(  # what came from a helpdesk, and what was written there
    "helpdesk_message",
    metadata,
    _id(),  # of what is written: the delivery's
    _workspace(),
    Column("helpdesk_id", String(48), ForeignKey("helpdesk.id", ondelete="CASCADE"), nullable=False),
    Column("ticket", String(100), nullable=False),
    Column("external_id", String(200)),  # the helpdesk's; none while it is being written
    Column("direction", String(8), nullable=False),  # in, out
    Column("digest", String(64), nullable=False),  # names its text whatever the helpdesk does to the markup
    _time("created_at", nullable=False),
    UniqueConstraint("helpdesk_id", "external_id"),
    Index("ix_helpdesk_message_ticket", "helpdesk_id", "ticket", "digest"),
)

inbound_webhook = Table(  # the webhooks of helpdesks that were received, so that none has an effect twice
    "inbound_webhook",
    metadata,
    Column("helpdesk_id", String(48), ForeignKey("helpdesk.id", ondelete="CASCADE"), primary_key=True),
    Column("webhook_id", String(200), primary_key=True),  # the helpdesk's, the same over all of its attempts
    _workspace(),
    _time("created_at", nullable=False),
    Index("ix_inbound_webhook_created_at", "created_at"),
)

ticket_state = Table(  # how a ticket was when its helpdesk last reported it
    "ticket_state",
    metadata,
    Column("helpdesk_id", String(48), ForeignKey("helpdesk.id", ondelete="CASCADE"), primary_key=True),
    Column("ticket", String(100), primary_key=True),
    Column("aspect", String(16), primary_key=True),  # worker.states.TicketAspect
    _workspace(),
    Column("digest", String(64), nullable=False),  # of the value, so that no agent's name is kept
    _time("updated_at", nullable=False),
)

_UNDONE = text("state IN ('open', 'assigned')")

escalation = Table(  # what a person has to see to
    "escalation",
    metadata,
    _id(),
    _workspace(),
    Column(
        "conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("message_id", String(48)),  # the last one that was handed off with it
    Column("state", String(16), nullable=False),  # open, assigned, closed
    Column("reason", String(32), nullable=False),
    Column("category", String(200), nullable=False),
    Column("priority", String(16), nullable=False),
    Column("summary", Text, nullable=False),
    Column("reasons", _JSON, nullable=False),
    Column("assignee", String(200)),
    Column("note", Text),  # of whoever closed it
    _time("created_at", nullable=False),
    _time("assigned_at"),
    _time("closed_at"),
    Index("ix_escalation_undone", "conversation_id", unique=True, sqlite_where=_UNDONE, postgresql_where=_UNDONE),
    Index("ix_escalation_list", "workspace_id", "id"),
    Index("ix_escalation_work", "workspace_id", "state", "id"),
)

_UNREAD = text("state IN ('queued', 'indexing')")

document = Table(
    "document",
    metadata,
    _id(),
    _workspace(),
    Column("title", Text, nullable=False),
    Column("url", Text),
    Column("name", Text),  # the file it was ingested from; ingesting that file again replaces the document
    Column("media_type", String(100), nullable=False),
    Column("source", LargeBinary, nullable=False),  # the bytes as they came
    Column("digest", String(64), nullable=False),  # sha256 of what it was made from: bytes, title, url, metadata
    Column("titled", Boolean, nullable=False, server_default=true()),  # else what the file says of itself is its title
    Column("collection", String(100)),  # where it belongs, as `source` in the API
    Column("language", String(16)),  # as somebody said
    Column("tags", _JSON),
    Column("audience", String(16), nullable=False, server_default="public"),  # internal is never cited to customers
    Column("text", Text),
    Column("indexed_metadata", _JSON),  # title, url and metadata that go with `text`, until a replacement is indexed
    Column("passages", Integer, nullable=False),
    Column("state", String(16), nullable=False),  # worker.states.DocumentState
    Column("error", Text),
    Column("revision", BigInteger, nullable=False),  # the knowledge base's, at its last change
    Column("attempts", Integer, nullable=False),
    _lease_token(),
    _time("due_at"),  # or, while it is indexed, the end of the lease
    _time("created_at", nullable=False),
    _time("updated_at", nullable=False),
    Index("ix_document_list", "workspace_id", "id"),
    Index("ix_document_due", "due_at", sqlite_where=_UNREAD, postgresql_where=_UNREAD),
)

_UNFINISHED = text("state IN ('queued', 'running')")

document_import = Table(  # many documents at once
    "document_import",
    metadata,
    _id(),
    _workspace(),
    Column("kind", String(16), nullable=False),  # archive, urls, sitemap
    Column("name", Text, nullable=False),  # of the archive's file, or where it was found
    Column("source", LargeBinary, nullable=False),  # the archive, or JSON; emptied when it is done
    Column("metadata", _JSON, nullable=False),  # of each document
    Column("state", String(16), nullable=False),  # worker.states.ImportState
    Column("error", Text),
    Column("added", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("failed", _JSON),  # reasons by name, of the first 1,000
    Column("done", Integer, nullable=False, server_default="0"),  # how many of its files or pages were seen to
    Column("attempts", Integer, nullable=False),
    _lease_token(),
    _time("due_at"),  # or, while it is running, the end of the lease
    _time("created_at", nullable=False),
    _time("finished_at"),
    Index("ix_document_import_list", "workspace_id", "id"),
    Index("ix_document_import_due", "due_at", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
)

passage = Table(
    "passage",
    metadata,
    _id(),
    _workspace(),
    Column("document_id", String(48), ForeignKey("document.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("headings", _JSON, nullable=False),
    Column("anchor", Text, nullable=False),
    Column("digest", String(64), nullable=False),
)

vector = Table(
    "vector",
    metadata,
    Column("workspace_id", String(48), ForeignKey("workspace.id"), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("digest", String(64), primary_key=True),  # of the passage's embedded text
    Column("value", LargeBinary, nullable=False),  # float32, little-endian
)

snapshot = Table(
    "snapshot",
    metadata,
    Column("workspace_id", String(48), ForeignKey("workspace.id"), primary_key=True),
    Column("version", String(48), primary_key=True),
    Column("revision", BigInteger, nullable=False),  # the state of the documents that it holds
    Column("manifest", _JSON, nullable=False),
    _time("created_at", nullable=False),
)

request_key = Table(  # what was made under which Idempotency-Key; messages keep theirs themselves
    "request_key",
    metadata,
    Column("workspace_id", String(48), ForeignKey("workspace.id"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("made", String(48), nullable=False),
    _time("created_at", nullable=False),
    Index("ix_request_key_created_at", "created_at"),
)


def _in(column: Column[str], *values: str) -> ColumnElement[bool]:
    """Return `column IN (…)` with the values in the text.

    SQLite uses a partial index only when it sees in the statement itself that the index holds every row that is asked
    for; with parameters it reads the table from end to end (`make bench` found it).
    """
    return column.in_([literal_column(f"'{value}'") for value in values])


#: The conditions of the partial indices above, to be asked for in these words.
AWAKE = conversation.c.mailbox != literal_column("'idle'")
OPEN_MESSAGE = _in(message.c.state, "queued", "running")
UNSENT_DELIVERY = delivery.c.state == literal_column("'pending'")
UNDONE_ESCALATION = _in(escalation.c.state, "open", "assigned")
UNASSIGNED_ESCALATION = escalation.c.state == literal_column("'open'")
HUMAN = conversation.c.owner == literal_column("'human'")
UNREAD_DOCUMENT = _in(document.c.state, "queued", "indexing")
UNFINISHED_IMPORT = _in(document_import.c.state, "queued", "running")

#: What one row of each table stands for; docs/reference/tables.md shows it.
PURPOSES = {
    "workspace": "a tenant; every other row belongs to one",
    "process": "a running worker process, its roles, its state and the leases it holds",
    "sample": "a counter or histogram bucket of all processes, by name and labels",
    "api_key": "an API key, hashed, with its scopes, and the console login that stands for it",
    "audit": "an action of an operator or key that changed something",
    "conversation": "a conversation with its owner, its mailbox state, its lease and its fencing token",
    "message": "a customer's, the bot's or an agent's message with its state and outcome",
    "spending": "tokens and dollars booked for a day, key, conversation or message",
    "memory": "a fact about a customer that outlives the conversation",
    "tool_call": "a call of a tool that the model asked for, with arguments, state and result",
    "attachment": "an uploaded file and the text that was read from it",
    "reply": "an answer with its citations, support, answerer and token counts",
    "event": "an event of a conversation, written in the transaction of the change that it reports",
    "endpoint": "a webhook endpoint of a workspace",
    "destination": "the circuit state and rate of one destination of deliveries",
    "delivery": "a webhook, helpdesk post or notification that is due, was sent or was given up",
    "attempt": "one try of a delivery",
    "helpdesk": "a connected helpdesk, Slack channel or mail address",
    "helpdesk_message": "a message of a helpdesk that is known here, so that none is taken or posted twice",
    "inbound_webhook": "a webhook of a helpdesk that was received, so that none has an effect twice",
    "ticket_state": "an aspect of a ticket as its helpdesk last reported it, so that only a change has an effect",
    "escalation": "work for a human, from the handoff until it is closed",
    "document": "a document of the knowledge base with its text and state",
    "document_import": "a bulk import and its progress",
    "passage": "a passage of a document, with its offsets",
    "vector": "the embedding of a passage, by content hash and model",
    "snapshot": "a published version of the knowledge base",
    "request_key": "an idempotency key of a request other than a message",
}
