"""The result of one past ticket, as the state file and the report have it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from worker.backtest.closeness import Closeness
from worker.backtest.past_tickets import PastTicket
from worker.conversations.outcomes import Answer, Handoff
from worker.redaction import Redactor
from worker.states import ReplyKind


class Ending(StrEnum):
    """How the assistant would have ended a ticket."""

    ANSWERED = "answered"
    ASKED_BACK = "asked_back"
    COURTESY = "courtesy"
    HANDED_OFF = "handed_off"
    AUTOMATIC = "automatic"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Result:
    """One ticket: what was asked, what the human said, and what the assistant would have done.

    Attributes:
        number: the number of the ticket in its file, from 0.
        why: the summary of a handoff.
        closeness: as `Closeness.to_json`; None where nothing was answered.
        sources: title, URL and quote of what the answer cites.
        snapshot: the version of the knowledge base that answered.
    """

    number: int
    location: str
    question: str
    human: str
    ending: Ending
    subject: str | None = None
    reason: str | None = None
    category: str | None = None
    why: str | None = None
    answer: str | None = None
    sources: tuple[Mapping[str, Any], ...] = ()
    support: float | None = None
    confidence: float | None = None
    closeness: Mapping[str, Any] | None = None
    cost_usd: float = 0.0
    seconds: float = 0.0
    snapshot: str | None = None

    @property
    def score(self) -> float:
        """The closeness, 0 to 1; 1 where nothing was answered."""
        return 1.0 if self.closeness is None else float(self.closeness["score"])

    def to_json(self) -> dict[str, Any]:
        """Return the values for a file."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Result":
        """Return the result of a line of the state file.

        Raises:
            ValueError, TypeError, KeyError: it is not one.
        """
        return cls(**{**values, "ending": Ending(values["ending"]), "sources": tuple(values.get("sources", ()))})

    def redacted(self, redactor: Redactor) -> "Result":
        """Return the result with personal data of the texts masked."""
        masked = _masked(self.to_json(), redactor)
        return Result.from_json({**masked, "location": self.location, "ending": self.ending})


def of_automatic(number: int, ticket: PastTicket, sign: str) -> Result:
    """Return the result of automatic mail, which nobody answers."""
    return Result(**_of_ticket(number, ticket), ending=Ending.AUTOMATIC, why=sign)


def of_failure(number: int, ticket: PastTicket, problem: str) -> Result:
    """Return the result of a ticket on which answering broke."""
    return Result(**_of_ticket(number, ticket), ending=Ending.FAILED, why=problem)


def of_outcome(
    number: int,
    ticket: PastTicket,
    outcome: Answer | Handoff,
    *,
    human: str,
    closeness: Closeness | None,
    seconds: float,
) -> Result:
    """Return the result of an outcome; `human` is the reply without greeting, signature and quoted text."""
    shared = {**_of_ticket(number, ticket), "human": human, "cost_usd": outcome.usage.cost_usd, "seconds": seconds}
    if isinstance(outcome, Handoff):
        return Result(
            **shared,
            ending=Ending.HANDED_OFF,
            reason=str(outcome.reason),
            category=outcome.category,
            why=outcome.summary,
        )
    return Result(
        **shared,
        ending=_ENDINGS[outcome.kind],
        answer=outcome.content,
        sources=tuple({"title": item.title, "url": item.url, "quote": item.quote} for item in outcome.citations),
        support=outcome.support,
        confidence=outcome.confidence,
        closeness=None if closeness is None else closeness.to_json(),
        snapshot=outcome.snapshot,
    )


_ENDINGS = {
    ReplyKind.ANSWER: Ending.ANSWERED,
    ReplyKind.CLARIFICATION: Ending.ASKED_BACK,
    ReplyKind.COURTESY: Ending.COURTESY,
}


def _of_ticket(number: int, ticket: PastTicket) -> dict[str, Any]:
    return {
        "number": number,
        "location": ticket.location,
        "subject": ticket.subject,
        "question": ticket.question,
        "human": ticket.reply,
    }


def _masked(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor.mask(value)
    if isinstance(value, Mapping):
        return {name: _masked(inner, redactor) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner, redactor) for inner in value]
    return value
