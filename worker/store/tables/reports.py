"""Tables of reports: a narrow row for each conversation, and their sums by day, channel and language."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table

from worker.store.tables.base import JSON_OR_NULL, metadata, time_column, workspace_column

conversation_fact = Table(
    "conversation_fact",
    metadata,
    Column("conversation_id", String(48), primary_key=True),  # which may be erased: reports count it all the same
    workspace_column(),
    time_column("started_at", nullable=False),  # when the customer first wrote
    Column("channel", String(64)),
    Column("language", String(16)),  # ISO 639; NULL where the customer wrote no word
    Column("outcome", String(24), nullable=False),
    Column("handoff_reason", String(32)),  # the first one; NULL where a human never had it
    Column("reopened", Boolean, nullable=False),
    Column("rating", String(8)),  # the last one
    Column("first_response_ms", BigInteger),
    Column("resolution_ms", BigInteger),
    Column("cost_usd", Float, nullable=False),
    Index("ix_conversation_fact_started", "workspace_id", "started_at"),
    info={"purpose": "what reports count of a conversation, kept up by answer workers"},
)

report_cell = Table(
    "report_cell",
    metadata,
    Column("workspace_id", String(48), ForeignKey("workspace.id"), primary_key=True),
    Column("day", Integer, primary_key=True),  # since 1970, UTC
    Column("channel", String(64), primary_key=True),  # empty where it is not known; the language likewise
    Column("language", String(16), primary_key=True),
    Column("counts", JSON_OR_NULL, nullable=False),  # conversations by what reports count
    Column("handoffs", JSON_OR_NULL, nullable=False),  # by reason
    Column("cost_usd", Float, nullable=False),
    Column("first_response_ms", LargeBinary, nullable=False),  # of each conversation, ascending: 64-bit, little-endian
    Column("resolution_ms", LargeBinary, nullable=False),  # likewise
    info={"purpose": "the sums of `conversation_fact` of a day, a channel and a language"},
)
