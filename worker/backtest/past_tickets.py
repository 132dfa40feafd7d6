"""Past tickets: what a customer asked and what a human replied."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

#: Characters of a question or a reply; more is a quote that was not closed, or a file within the file.
MAX_CHARACTERS = 100_000


class Speaker(StrEnum):
    """Who wrote a comment of a past ticket."""

    CUSTOMER = "customer"
    HUMAN = "human"


@dataclass(frozen=True, kw_only=True)
class PastTicket:
    """A customer's question and the human reply that followed it; `location` says where in the file it stands."""

    location: str
    question: str
    reply: str
    subject: str | None = None


@dataclass(frozen=True, kw_only=True)
class BadRow:
    """A row that is left out, and why."""

    location: str
    reason: str


@dataclass(kw_only=True)
class PastTickets:
    """The content of a file: its tickets, the rows that are left out, and how it was read."""

    format: str
    encoding: str
    tickets: list[PastTicket] = field(default_factory=list)
    bad_rows: list[BadRow] = field(default_factory=list)

    def add(self, location: str, values: Mapping[str, str]) -> None:
        """Add a ticket with the fields `question`, `reply` and maybe `subject`, or say why it is left out."""
        question, reply = (values.get(name, "").strip() for name in ("question", "reply"))
        subject = " ".join(values.get("subject", "").split()) or None
        problem = (
            "there is no question"
            if not question and not subject
            else "there is no human reply"
            if not reply
            else f"it has over {MAX_CHARACTERS:,} characters; is a quote not closed?"
            if max(len(question), len(reply), len(subject or "")) > MAX_CHARACTERS
            else "it has bytes that are not UTF-8, or half of an emoji"
            if any(0xD800 <= ord(char) <= 0xDFFF for char in f"{question}{reply}{subject or ''}")
            else None
        )
        if problem is not None:
            self.leave_out(location, problem)
            return
        ticket = PastTicket(location=location, question=question or subject or "", reply=reply, subject=subject)
        self.tickets.append(ticket)

    def leave_out(self, location: str, reason: str) -> None:
        """Name a row that is no ticket."""
        self.bad_rows.append(BadRow(location=location, reason=reason))


def first_exchange(turns: Iterable[tuple[Speaker, str]]) -> dict[str, str]:
    """Return the customer's first words that a human replied to, and that reply.

    Comments in a row by the same side count together. What the customer writes later, and the replies to it, are left
    out: they depend on what the human said.
    """
    question: list[str] = []
    reply: list[str] = []
    for speaker, text in turns:
        if speaker == Speaker.CUSTOMER:
            if reply:
                break
            question.append(text)
        elif question:
            reply.append(text)
    return {"question": "\n\n".join(question), "reply": "\n\n".join(reply)}
