"""Targets of service levels: by when a human replies and resolves."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, text

from worker.store.tables.base import id_column, metadata, time_column, workspace_column

_OPEN = text("closed_at IS NULL")
_DUE = text("notice_at IS NOT NULL")

service_target = Table(
    "service_target",
    metadata,
    id_column(),
    workspace_column(),
    Column("conversation_id", String(48), ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Column("target", String(16), nullable=False),  # first_response, resolution
    Column("priority", String(16), nullable=False),
    Column("state", String(16), nullable=False),  # running, paused, reached, cancelled
    Column("target_ms", BigInteger, nullable=False),  # working time, as are the next two
    Column("left_ms", BigInteger, nullable=False),  # at `since` while it runs, else when it stopped
    time_column("since"),  # when it last began to run; NULL while it does not
    time_column("due_at"),  # while it runs
    time_column("warn_at"),  # likewise: from when on it is due soon
    time_column("notice_at"),  # when its next event is to be recorded: a warning, then a breach
    time_column("warned_at"),
    time_column("breached_at"),
    time_column("started_at", nullable=False),
    time_column("ended_at"),  # when it was reached
    time_column("closed_at"),  # when the work on the conversation ended
    Index(
        "ix_service_target_open", "conversation_id", "target", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
    ),
    Index("ix_service_target_notice", "notice_at", sqlite_where=_DUE, postgresql_where=_DUE),
    Index("ix_service_target_report", "workspace_id", "started_at"),
    Index("ix_service_target_conversation_id", "conversation_id"),
    info={"purpose": "a target of a conversation that a human has: by when to reply or to resolve, and how it ended"},
)
