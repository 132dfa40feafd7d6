"""How work on a claim can end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.states import ENDED, OPEN, CitationStyle, HandoffReason, MessageState, Priority, ReplyKind
from worker.store.rows import Message

__all__ = ("ENDED", "OPEN")

#: How messages that got a question back are counted.
CLARIFIED = "clarified"

HANDOFF_REASONS = tuple(HandoffReason)
PRIORITIES = tuple(Priority)


@dataclass(frozen=True, kw_only=True)
class Citation:
    """A source of an answer: `quote` is at `start..end` of the document's text."""

    number: int
    document_id: str
    title: str
    url: str | None
    quote: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens as the language model counted them, and their cost in US dollars."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0

    def plus(self, other: "Usage") -> "Usage":
        """Return both together."""
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cost_usd=self.cost_usd + other.cost_usd,
        )


@dataclass(frozen=True, kw_only=True)
class Piece:
    """The next piece of an answer: `text` is at `offset` of its content, in characters.

    An offset of 0 begins the answer anew. `citations` are those that no piece before had.
    """

    offset: int
    text: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer in which every `[n]` has its citation.

    `support` is measured, 0 to 1, and says that the content is true of its sources. `confidence` is the probability, 0
    to 1, that it answers what was asked; None where no model judged that. `retrieved` records the search: `query`,
    `relevance` and `items`. `options` are those that a clarification offers. `author`, `greeting`, `signature` and
    `citation_style` are the desk's: the greeting and the signature go around the content where it is shown, and are no
    part of it. `unanswered` are the customer's questions that found no answer.
    """

    kind: ReplyKind = ReplyKind.ANSWER
    content: str
    options: tuple[str, ...] = ()
    author: str | None = None
    greeting: str | None = None
    signature: str | None = None
    citation_style: CitationStyle = CitationStyle.NUMBERS
    citations: tuple[Citation, ...]
    support: float
    confidence: float | None = None
    answerer: str
    model: str | None = None
    snapshot: str | None = None
    usage: Usage = field(default_factory=Usage)
    timings: Mapping[str, float] = field(default_factory=dict)
    retrieved: Mapping[str, Any] | None = None
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WithheldDraft:
    """An answer that failed the check, for an agent to correct; `failed` are its sentences without support."""

    text: str
    failed: tuple[str, ...] = ()

    def to_row(self) -> dict[str, Any]:
        """Return the draft as it is stored with its message."""
        return {"text": _storable(self.text), "failed": [_storable(sentence) for sentence in self.failed]}


@dataclass(frozen=True, kw_only=True)
class Handoff:
    """A human takes over; `summary` is for the agent.

    `category` is the subject where it is more specific than the reason, and `reasons` quote the parts of the message
    that show it. `draft` is what the bot would have answered, where it failed the check.
    """

    reason: HandoffReason
    summary: str
    category: str | None = None
    priority: Priority = Priority.NORMAL
    reasons: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    timings: Mapping[str, float] = field(default_factory=dict)
    retrieved: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    draft: WithheldDraft | None = None

    def to_api(self) -> dict[str, Any]:
        """Return the handoff in the form of the API, as messages, events and callbacks have it."""
        return {
            "reason": self.reason,
            "summary": _storable(self.summary),
            "escalation_id": None,
            "category": _storable(self.category or self.reason)[:200],
            "priority": self.priority,
            "reasons": [_storable(reason) for reason in self.reasons],
        }


def outcome_of(outcome: Answer | Handoff) -> str:
    """Return the name by which an outcome is counted; a question back is no answer."""
    if isinstance(outcome, Handoff):
        return MessageState.HANDED_OFF
    return CLARIFIED if outcome.kind == ReplyKind.CLARIFICATION else MessageState.ANSWERED


def overdue(messages: Sequence[Message]) -> Handoff:
    """Return the handoff of messages that were not answered by their deadline."""
    summary = f"No answer was ready by the deadline. The customer wrote: {_asked(messages)}"
    return Handoff(reason=HandoffReason.DEADLINE, summary=summary)


def given_up(messages: Sequence[Message], *, attempts: int) -> Handoff:
    """Return the handoff of messages that were tried in vain as often as is allowed."""
    return Handoff(
        reason=HandoffReason.ERROR,
        summary=f"No answer after {attempts} attempts. The customer wrote: {_asked(messages)}",
        error=messages[0].error or {"code": "too_many_attempts", "message": "The worker was lost."},
    )


def _asked(messages: Sequence[Message]) -> str:
    return " / ".join(" ".join(message.content.split())[:200] for message in messages)


def _storable(text: str) -> str:
    """Return a text without the characters that PostgreSQL refuses."""
    return text.replace("\x00", "").encode(errors="replace").decode()


@dataclass(frozen=True, kw_only=True)
class Retry:
    """Not now: try again after `after_s` seconds, or after the usual backoff when None.

    `counts` says whether this was one of the attempts that a message has.
    """

    error: Mapping[str, Any]
    after_s: float | None = None
    counts: bool = True


Outcome = Answer | Handoff | Retry
