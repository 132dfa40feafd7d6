"""Enumerations of conversations, their messages and what belongs to these."""

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


class Rating(StrEnum):
    """A customer's or an agent's judgement of an outcome."""

    GOOD = "good"
    BAD = "bad"
