"""Rows of conversations and what belongs to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from worker.service_policy import ServiceTarget
from worker.states import (
    CitationStyle,
    EscalationState,
    EventType,
    HandoffReason,
    MailboxState,
    MessageState,
    Owner,
    Priority,
    ReplyKind,
    Role,
    SpendingScope,
    ToolCallState,
)
from worker.store.rows.base import Json, TableRow


@dataclass(frozen=True, kw_only=True)
class Conversation(TableRow):
    """A conversation with its owner, its mailbox and its lease."""

    id: str
    workspace_id: str
    external_id: str | None = None
    subject: str | None = None
    requester: Json | None = None
    channel: str | None = None
    helpdesk_id: str | None = None
    metadata: Json | None = None
    owner: Owner
    handoff: Json | None = None
    next_seq: int
    history: int
    mailbox: MailboxState
    due_at: int | None = None
    ready_at: int | None = None
    lease_token: int
    lease_holder: str | None = None
    abort: bool
    urgency: int = 2
    waiting_since: int | None = None
    sla_target: ServiceTarget | None = None
    sla_due_at: int | None = None
    sla_warn_at: int | None = None
    sla_seen: int = 0
    created_at: int
    updated_at: int
    reported_at: int = 0


@dataclass(frozen=True, kw_only=True)
class Message(TableRow):
    """A customer's, the bot's or an agent's message."""

    id: str
    workspace_id: str
    conversation_id: str
    seq: int
    role: Role
    author: str | None = None
    state: MessageState
    content: str
    idempotency_key: str | None = None
    fingerprint: str | None = None
    callback_url: str | None = None
    request_id: str | None = None
    traceparent: str | None = None
    key_id: str | None = None
    from_third_party: bool = False
    attempts: int = 0
    fence: int | None = None
    reply_id: str | None = None
    attachments: Sequence[str] | None = None
    handoff: Json | None = None
    error: Json | None = None
    feedback: Json | None = None
    timings: Json | None = None
    retrieved: Json | None = None
    draft: Json | None = None
    created_at: int
    started_at: int | None = None
    finished_at: int | None = None
    deadline_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class Reply(TableRow):
    """The bot's answer, with the id of the message that it is; `greeting` and `signature` go around its content."""

    id: str
    workspace_id: str
    conversation_id: str
    kind: ReplyKind = ReplyKind.ANSWER
    content: str
    options: Sequence[str] | None = None
    greeting: str | None = None
    signature: str | None = None
    citation_style: CitationStyle = CitationStyle.NUMBERS
    citations: Sequence[Json]
    support: float
    confidence: float | None = None
    unanswered: Sequence[str] | None = None
    answerer: str
    model: str | None = None
    snapshot: str | None = None
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    created_at: int


@dataclass(frozen=True, kw_only=True)
class Event(TableRow):
    """An event; `message_id` is None for one of a conversation as a whole, both ids for one of the workspace."""

    id: int
    workspace_id: str
    conversation_id: str | None = None
    message_id: str | None = None
    type: EventType
    data: Json
    created_at: int
    transaction_id: int = field(default=0, compare=False)  # set by the database


@dataclass(frozen=True, kw_only=True)
class Escalation(TableRow):
    """Work for a human, from the handoff until it is closed."""

    id: str
    workspace_id: str
    conversation_id: str
    message_id: str | None = None
    state: EscalationState
    reason: HandoffReason
    category: str
    priority: Priority
    summary: str
    reasons: Sequence[str]
    assignee: str | None = None
    note: str | None = None
    created_at: int
    assigned_at: int | None = None
    closed_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class Attachment(TableRow):
    """An uploaded file, without its bytes."""

    id: str
    workspace_id: str
    conversation_id: str | None = None
    name: str
    media_type: str
    size: int
    text: str | None = None
    error: str | None = None
    created_at: int


@dataclass(frozen=True, kw_only=True)
class AttachmentFile(Attachment):
    """An uploaded file with its bytes and the sections of its text."""

    source: bytes
    sections: Sequence[Json] | None = None


@dataclass(frozen=True, kw_only=True)
class ToolCall(TableRow):
    """A call of a tool that the model asked for."""

    id: str
    workspace_id: str
    conversation_id: str
    message_id: str
    tool: str
    arguments: Json
    state: ToolCallState
    confirmed_by: str | None = None
    result: str | None = None
    error: str | None = None
    duration_ms: int | None = None
    created_at: int
    finished_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class Memory(TableRow):
    """A fact about a customer that outlives the conversation."""

    id: str
    workspace_id: str
    customer: str
    name: str
    value: str
    source: str
    importance: float
    conversation_id: str | None = None
    expires_at: int
    created_at: int
    updated_at: int


@dataclass(frozen=True, kw_only=True)
class SpendingAccount(TableRow):
    """Tokens and dollars booked for a message, conversation, key or day."""

    id: str
    workspace_id: str
    scope: SpendingScope
    subject: str
    day: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    updated_at: int


@dataclass(frozen=True, kw_only=True)
class VisitorContact(TableRow):
    """The address that a visitor of the chat left, and how far they read."""

    conversation_id: str
    workspace_id: str
    email: str
    origin: str | None = None
    seen_seq: int
    mailed_seq: int
    mailbox_id: str | None = None
    attempts: int
    due_at: int | None = None
    created_at: int
    updated_at: int
