"""Which recipients of a mail have it, which are to be tried again, and which the server refused for good."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from worker.deliveries.sender import AttemptResult
from worker.mailboxes.outgoing import OutgoingMail
from worker.store.rows import Json

#: The refusals of `smtplib` by address: the status of SMTP and what the server said.
Refusals = Mapping[str, tuple[int, bytes | str]]

#: Keys among the headers of a sent mail.
_RECIPIENTS, _LEFT, _REFUSED = "recipients", "left", "refused"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a mail is handed in.

    Attributes:
        recipients: all addresses that it goes to.
        left: addresses that have yet to get it.
        delayed: of these, what the server said when it refused them for now.
        refused: what it said when it refused an address for good.
    """

    recipients: tuple[str, ...]
    left: tuple[str, ...]
    delayed: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def new(cls, outgoing: OutgoingMail) -> "Progress":
        """Return the progress of a mail that nobody has yet."""
        everybody = tuple(outgoing.recipients)
        return cls(recipients=everybody, left=everybody)

    def after(self, refusals: Refusals) -> "Progress":
        """Return the progress after an attempt for those who were left, in which the server refused some."""
        said = {address: f"{code} {text_of(words)}".strip() for address, (code, words) in refusals.items()}
        delayed = {address: words for address, words in said.items() if refusals[address][0] < 500}
        final = {address: words for address, words in said.items() if refusals[address][0] >= 500}
        return replace(self, left=tuple(delayed), delayed=delayed, refused={**self.refused, **final})

    @property
    def have(self) -> tuple[str, ...]:
        """The recipients who have the mail."""
        return tuple(address for address in self.recipients if address not in self.left and address not in self.refused)

    def is_done(self, outgoing: OutgoingMail) -> bool:
        """Whether nothing is left to do: all recipients have the mail, or the customer has and copies are refused."""
        customer_has = all(address.address in self.have for address in outgoing.draft.to)
        return not self.left and (customer_has or not self.refused)

    def result(self, outgoing: OutgoingMail) -> AttemptResult:
        """Return how the attempt went: it failed while one is left, and for good where one of `To` was refused."""
        error = "; ".join(f"{address}: {words}" for address, words in (*self.delayed.items(), *self.refused.items()))
        whom = "Refused for some, the others have it" if self.have else "The recipients are refused"
        sentence = f"{whom}: {error}"
        if self.left:
            return AttemptResult(status=int(next(iter(self.delayed.values()))[:3]), error=sentence[:500])
        lacking = [address.address for address in outgoing.draft.to if address.address in self.refused]
        if lacking:
            return AttemptResult(status=int(self.refused[lacking[0]][:3]), error=sentence[:500], final=True)
        id = f"<{outgoing.draft.message_id}>"
        return AttemptResult(status=200, response=id, error=sentence[:500] if self.refused else None)


def refused_later(kept: Mapping[str, Any], bounced: Mapping[str, str]) -> Json:
    """Return the headers of a sent mail that came back from some recipients, with what was said of each.

    They count as refused, so that a replay writes to them, or to who takes their place, and not to those who have it.
    """
    before = from_json(kept) or Progress(recipients=tuple(kept.get(_RECIPIENTS, ())), left=())
    left = tuple(address for address in before.left if address not in bounced)
    return {**kept, **to_json(replace(before, left=left, refused={**before.refused, **bounced}))}


def of_bounce(kept: Mapping[str, Any], reason: str) -> Progress:
    """Return the progress of a mail that bounced, where none was kept with it, as in version 0.1.

    Its `reason` names from whom it came back; should it not, nobody is known to have the mail.
    """
    recipients = tuple(kept.get(_RECIPIENTS, ()))
    named = [address for address in recipients if f"; {address}: " in f"; {reason}"]
    return Progress(recipients=recipients, left=(), refused=dict.fromkeys(named or recipients, f"550 {reason}".strip()))


def to_json(progress: Progress) -> Json:
    """Return a progress in the form of the table, without the words for those who are left."""
    return {_RECIPIENTS: list(progress.recipients), _LEFT: list(progress.left), _REFUSED: dict(progress.refused)}


def from_json(kept: Mapping[str, Any]) -> Progress | None:
    """Return the progress of a mail that an attempt handed in for some; None before."""
    if _LEFT not in kept:
        return None
    return Progress(recipients=tuple(kept.get(_RECIPIENTS, ())), left=tuple(kept[_LEFT]), refused=kept[_REFUSED])


def text_of(said: bytes | str) -> str:
    """Decode a server's words."""
    return said.decode(errors="replace") if isinstance(said, bytes) else said
