"""Find the conversation that a mail continues.

Its headers name earlier mail, else its address has a signed token, else its subject and sender are known from the last
days. Whichever it is, the writer must have taken part: a mail that was forwarded to somebody else, or whose Message-ID
somebody knows, lets nobody into another's conversation. Nor does a forged mail: only a sender who is believed brings
in those whom the mail is also to, and a subject alone is enough for a believed sender only.
"""

import re
from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from worker.mailboxes.addresses import is_of_team, is_own, ticket_of_token
from worker.mailboxes.authentication import Belief
from worker.mailboxes.envelopes import Envelope, from_json
from worker.mailboxes.parsing import Mail
from worker.reading.subjects import bare
from worker.states import DeliveryKind, MailState
from worker.store.engine import Store
from worker.store.rows import Mailbox
from worker.store.tables import delivery
from worker.store.tables import mail as mail_table

#: How long a subject continues a conversation.
_SUBJECT_MS = 14 * 86_400_000

#: Mail of a ticket, or of a sender, that is looked at.
_MAX_LOOKED_AT = 100

#: A subject that begins so answers something: `Re:` in the languages of the big mail programs.
_ANSWERS = re.compile(r"\s*(?:re|aw|antw|sv|r|rif|res|odp|ref|vs)\s*(?:\[\d+\])?\s*:", re.I)


class Threads:
    """Looks up mail by what names it. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now = store.clock.sql()

    def find(self, mailbox: Mailbox, secret: str, mail: Mail, writer: str, *, belief: Belief) -> str | None:
        """Return the ticket that a mail of `writer`, who is believed as far as `belief` says, continues, or None."""
        for ticket in self.named(mailbox, secret, mail):
            if writer in self.participants(mailbox, ticket):
                return ticket
        if belief != Belief.BELIEVED and mailbox.authserv_id:
            return None
        return self._by_subject(mailbox, mail, writer)

    def named(self, mailbox: Mailbox, secret: str, mail: Mail) -> Iterator[str]:
        """Yield the tickets that a mail's headers and addresses name, likeliest first."""
        for id in mail.references:
            yield from self._tickets(mailbox, id)
        ticket = ticket_of_token(_recipients(mail), mailbox.address, secret)
        if ticket is not None:
            yield ticket

    def is_sent_here(self, mailbox: Mailbox, message_id: str) -> bool:
        """Whether a mail with this Message-ID was sent, or put into a folder, from here."""
        return self.sent(mailbox, message_id) is not None

    def is_draft(self, mailbox: Mailbox, message_id: str) -> bool:
        """Whether the mail with this Message-ID was put into the folder of drafts from here.

        Mail programs send a draft under its own Message-ID, so in the folder of sent mail it is a person's answer.
        """
        sent = self.sent(mailbox, message_id)
        kind = sa.select(delivery.c.kind).where(delivery.c.id == sent)
        with self._store.read() as connection:
            return sent is not None and connection.execute(kind).scalar() == DeliveryKind.TICKET_NOTE

    def sent(self, mailbox: Mailbox, message_id: str) -> str | None:
        """Return the id of the mail, and of its delivery, that was sent from here under a Message-ID, or None."""
        if not message_id:
            return None
        found = sa.select(mail_table.c.id).where(
            mail_table.c.mailbox_id == mailbox.id,
            mail_table.c.message_id == message_id,
            mail_table.c.direction == "out",
        )
        with self._store.read() as connection:
            return connection.execute(found).scalar()

    def participants(self, mailbox: Mailbox, ticket: str) -> set[str]:
        """Return the addresses of the customers in a ticket: who wrote, and whom the believed ones wrote to as well."""
        found: set[str] = set()
        for envelope in self.envelopes(mailbox, ticket):
            found |= envelope.participants
        return {
            address
            for address in found
            if not is_own(address, mailbox.address) and not is_of_team(address, mailbox.team)
        }

    def envelopes(self, mailbox: Mailbox, ticket: str) -> list[Envelope]:
        """Return the envelopes of the customers' mail in a ticket, newest first."""
        statement = (
            sa.select(mail_table.c.headers)
            .where(
                mail_table.c.mailbox_id == mailbox.id,
                mail_table.c.ticket == ticket,
                mail_table.c.direction == "in",
                mail_table.c.state == MailState.TAKEN,
                mail_table.c.sender.is_not(None),
            )
            .order_by(mail_table.c.created_at.desc(), mail_table.c.id.desc())
            .limit(_MAX_LOOKED_AT)
        )
        with self._store.read() as connection:
            return [from_json(headers) for headers in connection.execute(statement).scalars() if headers]

    def _tickets(self, mailbox: Mailbox, message_id: str) -> list[str]:
        statement = (
            sa.select(mail_table.c.ticket)
            .distinct()
            .where(
                mail_table.c.mailbox_id == mailbox.id,
                mail_table.c.message_id == message_id,
                mail_table.c.ticket.is_not(None),
            )
            .limit(_MAX_LOOKED_AT)
        )
        with self._store.read() as connection:
            return [str(ticket) for ticket in connection.execute(statement).scalars()]

    def _by_subject(self, mailbox: Mailbox, mail: Mail, writer: str) -> str | None:
        """Return the newest ticket of a writer with the subject of a mail that answers one."""
        if not _ANSWERS.match(mail.subject):
            return None
        subject = bare(mail.subject).casefold()
        recent = (
            sa.select(mail_table.c.ticket, mail_table.c.headers)
            .where(
                mail_table.c.mailbox_id == mailbox.id,
                mail_table.c.sender == writer,
                mail_table.c.direction == "in",
                mail_table.c.state == MailState.TAKEN,
                mail_table.c.created_at > self._now - _SUBJECT_MS,
            )
            .order_by(mail_table.c.created_at.desc(), mail_table.c.id.desc())
            .limit(_MAX_LOOKED_AT)
        )
        with self._store.read() as connection:
            for row in connection.execute(recent):
                envelope = from_json(row.headers)
                if envelope.belief == Belief.REFUSED or not row.ticket:
                    continue
                if subject and bare(envelope.subject).casefold() == subject:
                    return str(row.ticket)
        return None


def _recipients(mail: Mail) -> Iterable[str]:
    yield from mail.recipients
    for address in (*mail.to, *mail.cc):
        yield address.address
