"""The headers of a mail that an answer to it needs, as they are kept with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.mailboxes.addresses import Address
from worker.mailboxes.authentication import Belief
from worker.mailboxes.parsing import Mail
from worker.store.rows import Json

_MAX_REFERENCES = 20


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """Whom a mail was from and to, and where it stands in its thread; `references` are oldest first."""

    message_id: str
    correspondent: Address | None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    date: int | None = None
    references: tuple[str, ...] = ()
    belief: Belief = Belief.UNKNOWN

    @property
    def participants(self) -> set[str]:
        """Who may continue the thread: the correspondent, and the recipients if the sender is believed.

        Anybody can forge a mail of a customer that is also to themselves.
        """
        wrote = set() if self.correspondent is None else {self.correspondent.address}
        if self.belief != Belief.BELIEVED:
            return wrote
        return wrote | {address.address for address in (*self.to, *self.cc)}

    @property
    def thread(self) -> tuple[str, ...]:
        """The `References` of an answer: those of the mail and the mail itself, without the middle of a long thread."""
        chain = (*self.references, self.message_id) if self.message_id else self.references
        return chain if len(chain) <= _MAX_REFERENCES else (chain[0], *chain[1 - _MAX_REFERENCES :])


def envelope_of(mail: Mail, writer: Address | None, belief: Belief) -> Envelope:
    """Return the envelope of a mail that `writer` is to get the answer to."""
    return Envelope(
        message_id=mail.message_id,
        correspondent=writer,
        to=mail.to,
        cc=mail.cc,
        subject=mail.subject,
        date=mail.date,
        references=tuple(reversed(mail.references)),
        belief=belief,
    )


def to_json(envelope: Envelope) -> Json:
    """Return an envelope in the form of the table."""
    return {
        "message_id": envelope.message_id,
        "correspondent": None if envelope.correspondent is None else _pair(envelope.correspondent),
        "to": [_pair(address) for address in envelope.to],
        "cc": [_pair(address) for address in envelope.cc],
        "subject": envelope.subject,
        "date": envelope.date,
        "references": list(envelope.references[-_MAX_REFERENCES:]),
        "belief": envelope.belief.value,
    }


def from_json(kept: Mapping[str, Any]) -> Envelope:
    """Return an envelope as it was kept."""
    correspondent = kept["correspondent"]
    return Envelope(
        message_id=kept["message_id"],
        correspondent=None if correspondent is None else _address(correspondent),
        to=tuple(map(_address, kept["to"])),
        cc=tuple(map(_address, kept["cc"])),
        subject=kept["subject"],
        date=kept["date"],
        references=tuple(kept["references"]),
        belief=Belief(kept["belief"]),
    )


def _pair(address: Address) -> list[str]:
    return [address.address, address.name]


def _address(pair: list[str]) -> Address:
    return Address(address=pair[0], name=pair[1])
