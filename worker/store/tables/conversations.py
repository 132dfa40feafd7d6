"""Conversations and what belongs to them: messages, replies, events, escalations, files, tool calls and their cost."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    text,
)

from worker.store.tables.base import (
    JSON_OR_NULL,
    CurrentTransaction,
    RequesterValue,
    Serial,
    id_column,
    in_text,
    metadata,
    time_column,
    workspace_column,
)

#: What the targets of a conversation depend on, as one number: since when its customer waits for a human and how urgent
#: that is; 1 while a human has it and waits for the customer; 0 otherwise.
_SLA_STATE = (
    "(CASE WHEN waiting_since IS NOT NULL THEN waiting_since * 4 + urgency WHEN owner = 'human' THEN 1 ELSE 0 END)"
)
_UNREPORTED = text("reported_at < updated_at")

conversation = Table(
    "conversation",
    metadata,
    id_column(),
    workspace_column(),
    Column("external_id", String(200)),
    Column("subject", Text),
    Column("requester", JSON_OR_NULL),
    Column("channel", String(64)),
    Column("helpdesk_id", String(48)),  # that it is a ticket of; its `external_id` then names both
    Column("metadata", JSON_OR_NULL),
    Column("owner", String(16), nullable=False),  # bot, human, closed
    Column("handoff", JSON_OR_NULL),  # the latest one: {reason, summary, at}
    Column("next_seq", Integer, nullable=False),
    Column("history", Integer, nullable=False),  # counts changes to what was said; session state is stamped with it
    Column("mailbox", String(16), nullable=False),  # idle, ready, running, waiting
    time_column(
        "due_at"
    ),  # when a sweeper takes it up: nobody came for it (ready), retry (waiting), end of the lease (running)
    time_column("ready_at"),  # since when something waits in it; whoever waited longest is claimed first
    Column("lease_token", BigInteger, nullable=False),  # the fencing token: grows with every claim
    Column("lease_holder", String(48)),  # the process that holds the lease
    Column("abort", Boolean, nullable=False),  # tells the holder that nobody waits for its answer any more
    Column("urgency", SmallInteger, nullable=False, server_default="2"),  # 0 urgent, 1 high, 2 normal
    time_column("waiting_since"),  # when the customer began to wait for a human; NULL when nobody waits for one
    Column("sla_target", String(16)),  # the target that is due next: first_response, resolution
    time_column("sla_due_at"),  # when it is due; NULL while none runs
    time_column("sla_warn_at"),  # from when on it is due soon
    Column(
        "sla_seen", BigInteger, nullable=False, server_default="0"
    ),  # the state that its targets follow, see SLA_STATE
    time_column("created_at", nullable=False),
    time_column("updated_at", nullable=False),
    time_column("reported_at", nullable=False, server_default="0"),  # the `updated_at` that `conversation_fact` is of
    UniqueConstraint("workspace_id", "external_id"),
    Index("ix_conversation_list", "workspace_id", "owner", "id"),
    Index(
        "ix_conversation_waiting",
        *("workspace_id", "urgency", "waiting_since", "id"),
        sqlite_where=text("waiting_since IS NOT NULL"),
        postgresql_where=text("waiting_since IS NOT NULL"),
    ),
    Index(
        "ix_conversation_replied",
        *("workspace_id", "updated_at", "id"),
        sqlite_where=text("owner = 'human' AND waiting_since IS NULL"),
        postgresql_where=text("owner = 'human' AND waiting_since IS NULL"),
    ),
    Index(
        "ix_conversation_sla_due",
        *("workspace_id", "sla_due_at", "id"),
        sqlite_where=text("sla_due_at IS NOT NULL"),
        postgresql_where=text("sla_due_at IS NOT NULL"),
    ),
    Index(
        "ix_conversation_sla_stale",
        "id",
        sqlite_where=text(f"sla_seen <> {_SLA_STATE}"),
        postgresql_where=text(f"sla_seen <> {_SLA_STATE}"),
    ),
    Index(
        "ix_conversation_head",
        text("search_head(subject, external_id, requester)"),
        postgresql_using="gin",
        postgresql_concurrently=True,
    ).ddl_if(dialect="postgresql"),
    Index("ix_conversation_requester_id", "workspace_id", RequesterValue("id"), "id"),
    Index("ix_conversation_requester_email", "workspace_id", RequesterValue("email"), "id"),
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
    Index("ix_conversation_unreported", "updated_at", sqlite_where=_UNREPORTED, postgresql_where=_UNREPORTED),
    Index(
        "ix_conversation_human",
        "updated_at",
        sqlite_where=text("owner = 'human'"),
        postgresql_where=text("owner = 'human'"),
    ),
    info={"purpose": "a conversation with its owner, its mailbox state, its lease and its fencing token"},
)

_OPEN = text("state IN ('queued', 'running')")
_KEYED = text("idempotency_key IS NOT NULL")
_HANDED_OFF = text("state = 'handed_off'")

message = Table(
    "message",
    metadata,
    id_column(),
    workspace_column(),
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
    Column("attachments", JSON_OR_NULL),  # ids
    Column("handoff", JSON_OR_NULL),
    Column("error", JSON_OR_NULL),
    Column("feedback", JSON_OR_NULL),
    Column("timings", JSON_OR_NULL),
    Column("retrieved", JSON_OR_NULL),  # what was searched for and found, for agents
    Column("draft", JSON_OR_NULL),  # the answer that failed the check, for agents: {text, failed: [sentences]}
    time_column("created_at", nullable=False),
    time_column("started_at"),
    time_column("finished_at"),
    time_column("deadline_at"),
    UniqueConstraint("conversation_id", "seq"),
    UniqueConstraint("workspace_id", "idempotency_key"),
    Index("ix_message_deadline", "deadline_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_message_open", "conversation_id", "seq", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_message_keyed", "created_at", sqlite_where=_KEYED, postgresql_where=_KEYED),
    Index("ix_message_handed_off", "created_at", sqlite_where=_HANDED_OFF, postgresql_where=_HANDED_OFF),
    Index(
        "ix_message_words", text("search_words(content)"), postgresql_using="gin", postgresql_concurrently=True
    ).ddl_if(dialect="postgresql"),
    info={"purpose": "a customer's, the bot's or an agent's message with its state and outcome"},
)

reply = Table(
    "reply",
    metadata,
    id_column(),  # that of the assistant's message
    workspace_column(),
    Column(
        "conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("kind", String(16), nullable=False, server_default="answer"),
    Column("content", Text, nullable=False),
    Column("options", JSON_OR_NULL),  # of a clarification
    Column("greeting", Text),
    Column("signature", Text),
    Column("citation_style", String(16), nullable=False, server_default="numbers"),
    Column("citations", JSON_OR_NULL, nullable=False),
    Column("support", Float, nullable=False),
    Column("confidence", Float),  # the probability that it answers what was asked; NULL where no model judged that
    Column("unanswered", JSON_OR_NULL),  # the customer's questions that found no answer; NULL when there are none
    Column("answerer", String(32), nullable=False),
    Column("model", String(200)),
    Column("snapshot", String(48)),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("cost_usd", Float, nullable=False),
    time_column("created_at", nullable=False),
    info={"purpose": "an answer with its citations, support, answerer and token counts"},
)

event = Table(
    "event",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    workspace_column(),
    Column("conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE")),
    Column("message_id", String(48)),
    Column("type", String(64), nullable=False),
    Column("data", JSON_OR_NULL, nullable=False),
    time_column("created_at", nullable=False),
    Column("transaction_id", BigInteger, nullable=False, server_default=CurrentTransaction()),  # see event_feed
    Index("ix_event_conversation", "conversation_id", "id"),
    Index("ix_event_message", "message_id", "id"),
    Index("ix_event_feed", "workspace_id", "transaction_id", "id"),
    sqlite_autoincrement=True,  # an id is not used again when the newest events are erased
    info={"purpose": "an event, written in the transaction of the change that it reports"},
)

_UNDONE = text("state IN ('open', 'assigned')")

escalation = Table(
    "escalation",
    metadata,
    id_column(),
    workspace_column(),
    Column(
        "conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("message_id", String(48)),  # the last one that was handed off with it
    Column("state", String(16), nullable=False),  # open, assigned, closed
    Column("reason", String(32), nullable=False),
    Column("category", String(200), nullable=False),
    Column("priority", String(16), nullable=False),
    Column("summary", Text, nullable=False),
    Column("reasons", JSON_OR_NULL, nullable=False),
    Column("assignee", String(200)),
    Column("note", Text),  # of whoever closed it
    time_column("created_at", nullable=False),
    time_column("assigned_at"),
    time_column("closed_at"),
    Index("ix_escalation_undone", "conversation_id", unique=True, sqlite_where=_UNDONE, postgresql_where=_UNDONE),
    Index("ix_escalation_list", "workspace_id", "id"),
    Index("ix_escalation_work", "workspace_id", "state", "id"),
    info={"purpose": "work for a human, from the handoff until it is closed"},
)

attachment = Table(
    "attachment",
    metadata,
    id_column(),
    workspace_column(),
    Column("conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE"), index=True),  # once named
    Column("name", Text, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size", Integer, nullable=False),  # bytes
    Column("source", LargeBinary, nullable=False),
    Column("text", Text),  # once a worker read it
    Column("sections", JSON_OR_NULL),
    Column("error", Text),  # why it cannot be read
    time_column("created_at", nullable=False),
    time_column("named_at"),  # when a message listed it
    Index(
        "ix_attachment_unused",
        "created_at",
        sqlite_where=text("named_at IS NULL"),
        postgresql_where=text("named_at IS NULL"),
    ),
    info={"purpose": "an uploaded file and the text that was read from it"},
)

visitor_contact = Table(
    "visitor_contact",
    metadata,
    Column("conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True),
    workspace_column(),
    Column("email", String(320), nullable=False),  # as the visitor typed it; nothing proves that it is theirs
    Column("origin", Text),  # of the page with the chat
    Column("seen_seq", Integer, nullable=False),  # the last message that the chat showed
    Column("mailed_seq", Integer, nullable=False),  # the last one that was sent by mail
    Column("mailbox_id", String(48)),  # whose mail the conversation goes on by
    Column("attempts", Integer, nullable=False),  # to send by the operator's server
    time_column("due_at"),  # when what is not seen by then is sent
    time_column("created_at", nullable=False),
    time_column("updated_at", nullable=False),
    Index(
        "ix_visitor_contact_due",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    info={"purpose": "the e-mail address that a visitor of the chat left, and how far they read"},
)

tool_call = Table(
    "tool_call",
    metadata,
    id_column(),  # also the Idempotency-Key of what is written elsewhere
    workspace_column(),
    Column(
        "conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("message_id", String(48), nullable=False),
    Column("tool", String(64), nullable=False),
    Column("arguments", JSON_OR_NULL, nullable=False),
    Column("state", String(16), nullable=False),  # waiting (for a confirmation), running, done, failed, refused, lapsed
    Column("confirmed_by", String(48)),  # the message with which the customer said yes
    Column("result", Text),  # what the model was told
    Column("error", Text),
    Column("duration_ms", Integer),
    time_column("created_at", nullable=False),
    time_column("finished_at"),
    info={"purpose": "a call of a tool that the model asked for, with arguments, state and result"},
)

spending = Table(
    "spending",
    metadata,
    id_column(),
    workspace_column(),
    Column("scope", String(16), nullable=False),  # message, conversation, key, day, judge
    Column("subject", String(48), nullable=False),  # the id of it; `all` for a day
    Column("day", String(10), nullable=False),  # of a key and a day, UTC; else empty
    Column("calls", Integer, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("cost_usd", Float, nullable=False),
    time_column("updated_at", nullable=False),
    UniqueConstraint("workspace_id", "scope", "subject", "day"),
    Index("ix_spending_list", "workspace_id", "scope", "id"),
    info={"purpose": "tokens and dollars booked for a day, key, conversation or message"},
)

memory = Table(
    "memory",
    metadata,
    id_column(),
    workspace_column(),
    Column("customer", String(320), nullable=False),  # their id or e-mail address, see `memories.customer_of`
    Column("name", String(100), nullable=False),
    Column("value", Text, nullable=False),
    Column("source", String(16), nullable=False),  # assistant, api
    Column("importance", Float, nullable=False, server_default=text("0.5")),  # 0 to 1
    Column("conversation_id", String(48)),  # in which it was said
    time_column("expires_at", nullable=False),
    time_column("created_at", nullable=False),
    time_column("updated_at", nullable=False),
    UniqueConstraint("workspace_id", "customer", "name"),
    Index("ix_memory_list", "workspace_id", "id"),
    Index("ix_memory_expires", "expires_at"),
    info={"purpose": "a fact about a customer that outlives the conversation"},
)

#: The conditions of the partial indices above, to be asked for in these words.
AWAKE = conversation.c.mailbox != literal_column("'idle'")
HANDED_OFF_MESSAGE = message.c.state == literal_column("'handed_off'")
HUMAN = conversation.c.owner == literal_column("'human'")
UNREPORTED = conversation.c.reported_at < conversation.c.updated_at
WAITING = conversation.c.waiting_since.is_not(None)
SLA_STATE: ColumnElement[int] = literal_column(_SLA_STATE)
SLA_DUE = conversation.c.sla_due_at.is_not(None)
SLA_STALE = text(f"sla_seen <> {_SLA_STATE}")
CAME_BY_MAIL = message.c.key_id.is_(None)  # where it is asked of a chat: what was typed there came with a key
OPEN_MESSAGE = in_text(message.c.state, "queued", "running")
UNDONE_ESCALATION = in_text(escalation.c.state, "open", "assigned")
UNASSIGNED_ESCALATION = escalation.c.state == literal_column("'open'")
