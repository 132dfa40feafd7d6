"""The states, owners, reasons, roles and scopes of the domain, each in one enumeration.

The members are strings: SQL, JSON and templates hold their values, and what is read from there equals the member.
Compare with `==`, not with `is`.
"""

from enum import StrEnum


class MessageState(StrEnum):
    """State of a message; an event of the same name records each change."""

    QUEUED = "queued"
    RUNNING = "running"
    ANSWERED = "answered"
    HANDED_OFF = "handed_off"
    CANCELLED = "cancelled"
    FAILED = "failed"


#: A message in one of these waits for an answer.
OPEN = (MessageState.QUEUED, MessageState.RUNNING)

#: A message in one of these has its outcome.
ENDED = (MessageState.ANSWERED, MessageState.HANDED_OFF, MessageState.CANCELLED, MessageState.FAILED)


class MailboxState(StrEnum):
    """State of a conversation's mailbox; `worker.turns.mailbox` draws the transitions."""

    IDLE = "idle"
    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"


class Owner(StrEnum):
    """Who answers in a conversation: the bot, a human agent, or nobody once it is closed."""

    BOT = "bot"
    HUMAN = "human"
    CLOSED = "closed"


class Role(StrEnum):
    """Who wrote a message."""

    CUSTOMER = "customer"
    ASSISTANT = "assistant"
    AGENT = "agent"


class HandoffReason(StrEnum):
    """Why the bot handed a message off."""

    ASKED_FOR_HUMAN = "asked_for_person"
    NO_ANSWER = "no_answer"
    LOW_SUPPORT = "low_support"
    RULE = "rule"
    DEADLINE = "deadline"
    ERROR = "error"
    OWNED_BY_HUMAN = "owned_by_person"


class Priority(StrEnum):
    """How soon a human agent should look at a handoff."""

    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class EscalationState(StrEnum):
    """State of an escalation: not assigned yet, assigned to an agent, closed."""

    OPEN = "open"
    ASSIGNED = "assigned"
    CLOSED = "closed"


class EventType(StrEnum):
    """Type of an event in a conversation's log; the first six are the states that a message enters."""

    QUEUED = MessageState.QUEUED.value
    RUNNING = MessageState.RUNNING.value
    ANSWERED = MessageState.ANSWERED.value
    HANDED_OFF = MessageState.HANDED_OFF.value
    CANCELLED = MessageState.CANCELLED.value
    FAILED = MessageState.FAILED.value
    REPLIED = "replied"
    CONVERSATION_HANDED_OFF = "conversation.handed_off"
    CONVERSATION_RESUMED = "conversation.resumed"
    CONVERSATION_CLOSED = "conversation.closed"


class ToolCallState(StrEnum):
    """State of a tool call; one that changes something waits until the customer has confirmed it."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    LAPSED = "lapsed"


class SpendingScope(StrEnum):
    """Scope of an account of the cost of language models; those of keys and days begin anew at midnight UTC."""

    MESSAGE = "message"
    CONVERSATION = "conversation"
    KEY = "key"
    DAY = "day"


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


class Rating(StrEnum):
    """A customer's or an agent's judgement of an outcome."""

    GOOD = "good"
    BAD = "bad"


class KeyScope(StrEnum):
    """Permission of an API key; `admin` includes the others."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class DeliveryChannel(StrEnum):
    """By what a delivery leaves; the label `kind` of the metrics of deliveries."""

    WEBHOOK = "callback"
    HELPDESK = "helpdesk"
    NOTIFICATION = "handoff"


class DeliveryKind(StrEnum):
    """The kind of a delivery; `worker.deliveries.payloads` has the payload of each."""

    CALLBACK = "callback"
    ENDPOINT = "endpoint"
    TICKET_REPLY = "ticket_reply"
    TICKET_NOTE = "ticket_note"
    HANDOFF_NOTE = "handoff_note"
    AGENT_REPLY = "agent_reply"
    TICKET_READ = "ticket_read"
    NOTIFICATION = "notification"
    NOTIFICATION_UPDATE = "notification_update"

    @property
    def channel(self) -> DeliveryChannel:
        """By what deliveries of this kind leave."""
        match self:
            case DeliveryKind.CALLBACK | DeliveryKind.ENDPOINT:
                return DeliveryChannel.WEBHOOK
            case DeliveryKind.NOTIFICATION | DeliveryKind.NOTIFICATION_UPDATE:
                return DeliveryChannel.NOTIFICATION
            case _:
                return DeliveryChannel.HELPDESK


class DeliveryState(StrEnum):
    """State of a delivery; an exhausted one is not tried again unless it is replayed."""

    PENDING = "pending"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"


class ConnectionState(StrEnum):
    """Whether an endpoint or a helpdesk is used."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class HelpdeskMode(StrEnum):
    """The bot's mode in a helpdesk: reply to customers, suggest replies to agents, or write nothing."""

    REPLY = "reply"
    DRAFT = "draft"
    SHADOW = "shadow"


class TicketAspect(StrEnum):
    """An aspect of a ticket whose last known value is kept, so that only a change has an effect."""

    ASSIGNED = "assigned"
    CLOSED = "closed"
    TAGGED = "tagged"


class TicketEventKind(StrEnum):
    """An event that a helpdesk reports about a ticket.

    `CUSTOMER` and `AGENT` wrote a message that the customer can see. `CHANGED` says only that the ticket is to be read.
    `RESUME` asks for the bot. `CHALLENGE` is about no ticket and is answered with its text.
    """

    CUSTOMER = "customer"
    AGENT = "agent"
    ASSIGNED = "assigned"
    CLOSED = "closed"
    TAGGED = "tagged"
    RESUME = "resume"
    CHANGED = "changed"
    CHALLENGE = "challenge"
