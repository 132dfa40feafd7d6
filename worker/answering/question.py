"""What an answerer is asked, and what it may say."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kb.search import Hit
from worker.conversations.attachments import Attached
from worker.conversations.outcomes import Usage
from worker.conversations.sessions import Turn
from worker.errors import AnswerbackError


class Revoked(AnswerbackError):
    """Nobody waits for this answer any more."""

    code = "revoked"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a customer asks now, and what was said before.

    Attributes:
        facts: what the desk knows of the customer: id, name, email.
        known: what is remembered of them from other conversations.
        conversation_id, message_id, key_id: on whose account it goes; empty for a question by hand.
        seq: its place in the conversation; what has a lower one was said before it was written.
        remaining_s: the time until the deadline.
    """

    workspace_id: str
    content: str
    conversation_id: str = ""
    message_id: str = ""
    key_id: str | None = None
    seq: int = 0
    subject: str | None = None
    turns: Sequence[Turn] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[Attached] = ()
    remaining_s: float = 120.0


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What an answerer wrote, not yet checked: `[n]` cites the n-th passage it was given, from 1.

    Attributes:
        text: None when it has no answer.
        more: passages that tools brought, numbered behind those that were given.
        ask: what the customer is asked, or told, as the desk declared it; it cites nothing.
        wants_person: a person should answer, for what `why` says.
        tried: what was done for it, for a person who takes over.
    """

    text: str | None
    more: Sequence[Hit] = ()
    ask: str | None = None
    why: str | None = None
    tried: Sequence[str] = ()
    model: str | None = None
    usage: Usage = field(default_factory=Usage)
    wants_person: bool = False


class Writing(Protocol):
    """Whoever is shown a draft while it is written (`speech.Speech.write`)."""

    def __call__(self, text: str, more: Sequence[Hit] = (), /) -> bool:
        """Take all that is written so far, and the passages that tools brought; returns whether it must stay."""
        ...


def unread(_text: str, _more: Sequence[Hit] = (), /) -> bool:
    """Take a draft that nobody reads before it is done."""
    return False


class Answerer(Protocol):
    """Writes a draft from passages."""

    @property
    def name(self) -> str:
        """`llm` or `extractive`."""
        ...

    @property
    def version(self) -> Hashable:
        """What its drafts depend on beside the question and the passages."""
        ...

    def looks_further(self, question: Question, /) -> bool:
        """Whether it may find what no passage holds, with tools."""
        ...

    def draft(
        self, question: Question, hits: Sequence[Hit], *, revoked: Callable[[], bool], writing: Writing = unread
    ) -> Draft:
        """Write an answer from `hits`, in the order given; `writing` is shown what comes piece by piece.

        Raises:
            Revoked: `revoked` said so.
        """
        ...
