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
    AVOIDED_TOPIC = "avoided_topic"
    LANGUAGE = "language"
    RULE = "rule"
    DEADLINE = "deadline"
    ERROR = "error"
    OWNED_BY_HUMAN = "owned_by_person"


class ReplyKind(StrEnum):
    """Kind of a reply: an answer, a question back that resolves nothing, or a reply to small talk."""

    ANSWER = "answer"
    CLARIFICATION = "clarification"
    COURTESY = "courtesy"


class CitationStyle(StrEnum):
    """How a channel shows the sources of an answer: numbers and a list, links at the end, or not at all."""

    NUMBERS = "numbers"
    LINKS = "links"
    NONE = "none"


class Greets(StrEnum):
    """Which replies of a conversation begin with the greeting."""

    FIRST_REPLY = "first_reply"
    EVERY_REPLY = "every_reply"


class AboutAssistant(StrEnum):
    """Subject of a customer's question about the assistant itself."""

    BOT = "bot"
    NAME = "name"
    ABILITIES = "abilities"
    PRIVACY = "privacy"


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
    CONVERSATION_SLA_WARNING = "conversation.sla_warning"
    CONVERSATION_SLA_BREACHED = "conversation.sla_breached"


#: Events about the desk's own targets, which the streams of conversations leave out.
SLA_EVENTS = (EventType.CONVERSATION_SLA_WARNING, EventType.CONVERSATION_SLA_BREACHED)


class ToolCallState(StrEnum):
    """State of a tool call; one that changes something waits until the customer has confirmed it."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    LAPSED = "lapsed"


class SpendingScope(StrEnum):
    """Scope of an account of the cost of language models; those of keys and days begin anew at midnight UTC.

    Accounts of the scope `judge` hold what the judge alone cost: of a message, a conversation, a key or a day.
    """

    MESSAGE = "message"
    CONVERSATION = "conversation"
    KEY = "key"
    DAY = "day"
    JUDGE = "judge"


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


class SourceState(StrEnum):
    """State of a source: between two looks, queued for a worker, looked at by one, or paused."""

    IDLE = "idle"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"


class SourceKind(StrEnum):
    """Kind of a source, which chooses its connector."""

    SITEMAP = "sitemap"
    FEED = "feed"
    PAGE = "page"
    FOLDER = "folder"
    GIT = "git"
    ZENDESK = "zendesk"
    INTERCOM = "intercom"
    CONFLUENCE = "confluence"
    NOTION = "notion"
    FRESHDESK = "freshdesk"
    CHATWOOT = "chatwoot"
    S3 = "s3"


class ItemOutcome(StrEnum):
    """How a page or file of a source was found at the last look."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    GONE = "gone"
    FAILED = "failed"


class RunState(StrEnum):
    """State of a look at a source; one that is held would have lost too many documents and removed none."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    HELD = "held"


class SuggestionState(StrEnum):
    """State of a suggestion: it waits for an editor, is published as a document, or is not wanted."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class ExchangeState(StrEnum):
    """State of an exchange that a suggestion may come of; one that is skipped says too little for a document."""

    QUEUED = "queued"
    DRAFTING = "drafting"
    DONE = "done"
    SKIPPED = "skipped"


class Rating(StrEnum):
    """A customer's or an agent's judgement of an outcome."""

    GOOD = "good"
    BAD = "bad"


class KeyScope(StrEnum):
    """Permission of an API key; `admin` includes the others."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class AccountRole(StrEnum):
    """Role of a person in a workspace; each may do all that those below it may."""

    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    AGENT = "agent"
    VIEWER = "viewer"


class MemberState(StrEnum):
    """State of a person in a workspace; an invited one has not accepted yet, a disabled one may not log in there."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class LinkKind(StrEnum):
    """Purpose of a link or token that is used once."""

    FIRST_OWNER = "first_owner"
    INVITATION = "invitation"
    RESET = "reset"
    SECOND_FACTOR = "second_factor"


class LetterKind(StrEnum):
    """Subject of a mail about an account."""

    INVITATION = "invitation"
    RESET = "reset"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    WEEKLY_REPORT = "weekly_report"


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
    TICKET_CHANGE = "ticket_change"
    TICKET_READ = "ticket_read"
    TICKET_EVENTS = "ticket_events"
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


class MailState(StrEnum):
    """State of a mail.

    What came is received, then taken into a conversation, ignored, or could not be read (failed). What goes is being
    sent, sent, or came back (bounced).
    """

    RECEIVED = "received"
    TAKEN = "taken"
    IGNORED = "ignored"
    FAILED = "failed"
    SENDING = "sending"
    SENT = "sent"
    BOUNCED = "bounced"


class MailFolder(StrEnum):
    """Where a mail came from: the inbox, the folder of sent mail, or a provider that posted it."""

    INBOX = "inbox"
    SENT = "sent"
    POSTED = "posted"


class TicketAspect(StrEnum):
    """An aspect of a ticket whose last known value is kept, so that only a change has an effect."""

    ASSIGNED = "assigned"
    CLOSED = "closed"
    TAGGED = "tagged"


class TicketEventKind(StrEnum):
    """An event that a helpdesk reports about a ticket.

    `CUSTOMER` and `AGENT` wrote a message that the customer can see. `POSTED` echoes a post of the bot. `CHANGED` says
    only that the ticket is to be read. `GONE`: it was merged into another, deleted, or is spam. `RESUME` asks for the
    bot. `CHALLENGE` is about no ticket and is answered with its text.
    """

    CUSTOMER = "customer"
    AGENT = "agent"
    ASSIGNED = "assigned"
    CLOSED = "closed"
    TAGGED = "tagged"
    POSTED = "posted"
    RESUME = "resume"
    CHANGED = "changed"
    GONE = "gone"
    CHALLENGE = "challenge"
