"""What an answerer is asked, and what it may say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kb.search import Hit
from worker.conversations.outcomes import Usage
from worker.conversations.sessions import Turn
from worker.errors import AnswerbackError


class Revoked(AnswerbackError):
    """Nobody waits for this answer any more."""

    code = "revoked"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a customer asks now, and what was said before. `remaining_s` is the time until the deadline."""

    workspace_id: str
    content: str
    subject: str | None = None
    turns: Sequence[Turn] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    remaining_s: float = 120.0


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What an answerer wrote, not yet checked: `[n]` cites the n-th passage it was given, from 1.

    `text` is None when it has no answer; `wants_person` when it asks for one.
    """

    text: str | None
    model: str | None = None
    usage: Usage = field(default_factory=Usage)
    wants_person: bool = False


class Answerer(Protocol):
    """Writes a draft from passages."""

    @property
    def name(self) -> str:
        """`llm` or `extractive`."""
        ...

    def draft(self, question: Question, hits: Sequence[Hit], *, revoked: Callable[[], bool]) -> Draft:
        """Write an answer from `hits`, in the order given.

        Raises:
            Revoked: `revoked` said so.
        """
        ...
