"""Workspaces with their keys, voices and settings, what operators did, and the processes that run."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from worker.store.tables.base import JSON_OR_NULL, id_column, metadata, time_column, workspace_column

workspace = Table(
    "workspace",
    metadata,
    id_column(),
    Column("name", String(200), nullable=False, unique=True),
    Column("callback_secret", String(200), nullable=False),
    Column("knowledge_revision", BigInteger, nullable=False, server_default="0"),  # counts changes to documents
    Column("snapshot_version", String(48)),  # the snapshot that answers
    Column("sla_policy", Text, nullable=False, server_default=""),  # the targets that its conversations have now
    Column("skipped_steps", JSON_OR_NULL),  # of the onboarding (OnboardingStep)
    time_column("created_at", nullable=False),
    info={"purpose": "a tenant; every other row belongs to one"},
)

voice = Table(
    "voice",
    metadata,
    Column("workspace_id", String(48), ForeignKey("workspace.id"), primary_key=True),
    Column("name", String(200)),
    Column("tone", String(200)),
    Column("max_sentences", Integer, nullable=False),
    Column("languages", JSON_OR_NULL, nullable=False),
    Column("asks_back", Boolean),
    Column("guidance", Text),
    Column("avoided_topics", JSON_OR_NULL, nullable=False),  # {name, phrases} each
    Column("channels", JSON_OR_NULL, nullable=False),  # greeting, greets, signature and citations by channel
    Column("about", JSON_OR_NULL),  # the desk's answers to what is asked about the assistant, by AboutAssistant
    time_column("updated_at", nullable=False),
    info={"purpose": "how the assistant of a workspace speaks, in which languages and of what it does not"},
)

workspace_settings = Table(
    "workspace_settings",
    metadata,
    Column("workspace_id", String(48), ForeignKey("workspace.id"), primary_key=True),
    Column("version", BigInteger, nullable=False),  # counts changes
    Column("overrides", JSON_OR_NULL, nullable=False),  # values by the name of the setting
    Column("secrets", JSON_OR_NULL, nullable=False),  # likewise, encrypted
    time_column("updated_at", nullable=False),
    info={"purpose": "the settings that a workspace overrides, with their version"},
)

category = Table(
    "category",
    metadata,
    Column("workspace_id", String(48), ForeignKey("workspace.id"), primary_key=True),
    Column("name", String(48), primary_key=True),
    Column("priority", String(16), nullable=False),
    Column("examples", JSON_OR_NULL, nullable=False),
    Column("counter_examples", JSON_OR_NULL, nullable=False),
    time_column("updated_at", nullable=False),
    info={"purpose": "messages that a workspace hands off because they are like its examples"},
)

api_key = Table(
    "api_key",
    metadata,
    id_column(),
    workspace_column(),
    Column("name", String(200), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),  # sha256 of the key, in hex
    Column("hint", String(16), nullable=False),  # its first characters, to tell keys apart
    Column("scopes", JSON_OR_NULL, nullable=False),
    Column("account_id", String(48), ForeignKey("account.id")),  # the person whom it belongs to
    time_column("created_at", nullable=False),
    time_column("expires_at"),
    time_column("revoked_at"),
    info={"purpose": "an API key, hashed, with its scopes and the person whom it belongs to"},
)

audit = Table(
    "audit",
    metadata,
    id_column(),
    workspace_column(),
    # The name of a person or a key or, at the command line, of who is logged in there.
    Column("actor", String(200), nullable=False),
    Column("key_id", String(48)),
    Column("account_id", String(48)),
    Column("via", String(16), nullable=False),  # api, console, cli, worker
    Column("action", String(64), nullable=False),
    Column("subject", String(200)),  # the id of what it was done to
    Column("request_id", String(128)),
    Column("changes", JSON_OR_NULL),  # {name, before, after} of each value that was changed; secrets are left out
    time_column("created_at", nullable=False),
    Index("ix_audit_list", "workspace_id", "id"),
    info={"purpose": "an action of an operator or key that changed something"},
)

request_key = Table(
    "request_key",
    metadata,
    Column("workspace_id", String(48), ForeignKey("workspace.id"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("made", String(48), nullable=False),
    time_column("created_at", nullable=False),
    Index("ix_request_key_created_at", "created_at"),
    info={"purpose": "an idempotency key of a request other than a message"},
)

process = Table(
    "process",
    metadata,
    id_column(),  # the holder of its leases
    Column("roles", JSON_OR_NULL, nullable=False),  # the queues that it consumes
    Column("state", String(16), nullable=False),  # worker.runtime.presence.STATES
    Column("leases", Integer, nullable=False),  # held now
    Column("caches", JSON_OR_NULL),  # what its caches did and hold
    time_column("started_at", nullable=False),
    time_column("seen_at", nullable=False),
    info={"purpose": "a running worker process, its roles, its state and the leases it holds"},
)

sample = Table(
    "sample",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("labels", String(250), primary_key=True),  # a="b",c="d"
    Column("value", Float, nullable=False),
    info={"purpose": "a counter or histogram bucket of all processes, by name and labels"},
)
