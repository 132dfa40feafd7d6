"""Enumerations of deliveries, helpdesks and mail."""

from enum import StrEnum


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
