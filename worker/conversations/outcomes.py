"""How work on a claim can end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HANDOFF_REASONS = (
    "asked_for_person",
    "no_answer",
    "low_support",
    "rule",
    "deadline",
    "error",
    "owned_by_person",
)

#: States in which a message has ended.
ENDED = ("answered", "handed_off", "cancelled", "failed")
OPEN = ("queued", "running")


@dataclass(frozen=True, kw_only=True)
class Citation:
    """A source of an answer: `quote` stands at `start..end` of the document's text."""

    number: int
    document_id: str
    title: str
    url: str | None
    quote: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the language model counted; the cost is in US dollars."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer in which every `[n]` has its citation. `support` is measured, 0 to 1."""

    content: str
    citations: tuple[Citation, ...]
    support: float
    answerer: str
    model: str | None = None
    snapshot: str | None = None
    usage: Usage = field(default_factory=Usage)
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Handoff:
    """A person takes over; `reason` is one of HANDOFF_REASONS, `summary` is for that person."""

    reason: str
    summary: str
    usage: Usage = field(default_factory=Usage)
    timings: Mapping[str, float] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Retry:
    """Not now: try again after `after_s` seconds, or after the usual backoff when None."""

    error: Mapping[str, Any]
    after_s: float | None = None


Outcome = Answer | Handoff | Retry
