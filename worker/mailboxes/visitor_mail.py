"""Send agents' replies by mail to visitors of the chat who left an address and did not see them there.

With a mailbox the conversation goes on by mail: a reply is a delivery of the mailbox, and what the visitor answers
comes into the same conversation. Without one the operator's server sends it, and the visitor answers in the chat.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from worker.conversations import contacts
from worker.deliveries import outbox
from worker.deliveries.payloads import TicketPost
from worker.deliveries.tickets import external_id
from worker.errors import AnswerbackError
from worker.helpdesks.rendering import to_text
from worker.ids import new_id
from worker.mailboxes.addresses import Address
from worker.mailboxes.authentication import Belief
from worker.mailboxes.envelopes import Envelope, to_json
from worker.states import DeliveryKind, MailState, Role
from worker.store.engine import Store
from worker.store.rows import Helpdesk, Message, VisitorContact
from worker.store.tables import conversation, mail, message, visitor_contact
from worker.telemetry import logs

log = logs.get(__name__)

#: Attempts, and the pause after each in ms; it doubles.
_MAX_ATTEMPTS = 6
_PAUSE_MS = 60_000

#: Replies in one mail.
_MAX_REPLIES = 20

#: The subject of a conversation that has none.
SUBJECT = "Your conversation with us"


class Mailer(Protocol):
    """Hands a mail to the operator's mail server (`worker.helpdesks.mail.MailServer`)."""

    def send(self, *, to: str, subject: str, text: str) -> None:
        """Send a mail.

        Raises:
            AnswerbackError: the server is unavailable or refuses it.
        """
        ...


class VisitorMail:
    """Sends what visitors did not see. Thread-safe; any number of processes may send.

    Args:
        mailer: None where the operator has no mail server.
    """

    def __init__(self, store: Store, mailer: Mailer | None) -> None:
        self._store = store
        self._mailer = mailer

    def send_due(self, *, limit: int = 20) -> int:
        """Send the replies that were not seen in time, one visitor after the other; return to how many."""
        sent = 0
        for _ in range(limit):
            claimed = self._claim()
            if claimed is None:
                break
            sent += self._send(claimed)
        return sent

    def _claim(self) -> VisitorContact | None:
        """Return a visitor whose time has come, who is due again after a pause unless the mail is sent."""
        due = (
            sa.select(visitor_contact)
            .where(visitor_contact.c.due_at <= self._store.clock.sql())
            .order_by(visitor_contact.c.due_at)
            .limit(1)
        )
        with self._store.read() as connection:
            row = connection.execute(due).mappings().first()
        if row is None:
            return None
        found = VisitorContact.from_row(row)
        with self._store.begin() as tx:
            values = {
                "due_at": self._store.now(tx) + _PAUSE_MS * 2**found.attempts,
                "attempts": found.attempts + 1,
            }
            same = _row(found).where(visitor_contact.c.due_at == found.due_at)
            if not tx.execute(same.values(**values)).rowcount:
                return None  # another process sends it, or another reply came
        return VisitorContact(**{**vars(found), **values})

    def _send(self, claimed: VisitorContact) -> bool:
        with self._store.begin() as tx:
            unseen = _unseen(tx, claimed)
            box = contacts.mailbox_for(tx, claimed.workspace_id) if unseen else None
            if box is not None:
                self._enqueue(tx, claimed, box, unseen)
            if box is not None or not unseen:
                self._finish(tx, claimed, unseen)
                return box is not None
        is_sent = self._mail(claimed, unseen)
        if not is_sent and claimed.attempts < _MAX_ATTEMPTS:
            return False
        if not is_sent:
            log.error("visitor_mail_lost", conversation_id=claimed.conversation_id)
        with self._store.begin() as tx:
            _lock(tx, claimed)
            self._finish(tx, claimed, unseen)
        return is_sent

    def _mail(self, claimed: VisitorContact, unseen: Sequence[Message]) -> bool:
        """Send replies by the operator's server; False when there is none now, or it does not take them."""
        cause = "There is neither a mailbox that may write nor a mail server."
        if self._mailer is not None:
            try:
                self._mailer.send(to=claimed.email, subject=self._subject(claimed), text=_text(claimed, unseen))
            except AnswerbackError as error:
                cause = str(error)
            else:
                return True
        log.warning("visitor_mail_refused", conversation_id=claimed.conversation_id, cause=cause)
        return False

    def _finish(self, tx: sa.Connection, contact: VisitorContact, sent: Sequence[Message]) -> None:
        """End an attempt, after which nothing up to the last of `sent` is due; the replies after these are."""
        values: dict[str, Any] = {"due_at": None, "attempts": 0}
        if sent:
            values["mailed_seq"] = sent[-1].seq
        tx.execute(_row(contact).values(**values))
        if sent and _unseen(tx, contact):  # more than go into one mail, or written while it was sent
            contacts.schedule(tx, contact.conversation_id, now=self._store.now(tx))

    def _enqueue(self, tx: sa.Connection, contact: VisitorContact, box: Helpdesk, unseen: Sequence[Message]) -> None:
        now = self._store.now(tx)
        if contact.mailbox_id != box.id:
            self._begin_thread(tx, contact, box, now=now)
        for written in unseen:
            outbox.enqueue_helpdesk_delivery(
                tx,
                box,
                DeliveryKind.AGENT_REPLY,
                TicketPost(ticket=contact.conversation_id, text=written.content, public=True),
                type="message.replied",
                now=now,
                conversation_id=contact.conversation_id,
                message_id=written.id,
            )

    def _begin_thread(self, tx: sa.Connection, contact: VisitorContact, box: Helpdesk, *, now: int) -> None:
        """Make the conversation a ticket that the visitor wrote, as far as mail is concerned."""
        subject = tx.execute(sa.select(conversation.c.subject).where(conversation.c.id == contact.conversation_id))
        envelope = Envelope(
            message_id="",
            correspondent=Address(address=contact.email),
            subject=subject.scalar() or SUBJECT,
            # Nobody has shown that the address is theirs: a subject alone continues no such conversation.
            belief=Belief.REFUSED,
        )
        tx.execute(
            mail.insert().values(
                id=new_id("mail"),
                workspace_id=contact.workspace_id,
                mailbox_id=box.id,
                direction="in",
                folder="",
                state=MailState.TAKEN,
                size=0,
                ticket=contact.conversation_id,
                sender=contact.email,
                headers=to_json(envelope),
                attempts=0,
                created_at=now,
                finished_at=now,
            )
        )
        tx.execute(_row(contact).values(mailbox_id=box.id))
        # Chats of identified customers have an id of their own server: `contacts.external_id_of` leads to these.
        unnamed = sa.and_(conversation.c.id == contact.conversation_id, conversation.c.external_id.is_(None))
        name = external_id(box.id, contact.conversation_id)
        tx.execute(conversation.update().where(unnamed).values(external_id=name))

    def _subject(self, contact: VisitorContact) -> str:
        found = sa.select(conversation.c.subject).where(conversation.c.id == contact.conversation_id)
        with self._store.read() as connection:
            subject = " ".join(str(connection.execute(found).scalar() or "").split())[:150]
        return f"Re: {subject}" if subject else SUBJECT


def _row(contact: VisitorContact) -> sa.Update:
    return visitor_contact.update().where(visitor_contact.c.conversation_id == contact.conversation_id)


def _lock(tx: sa.Connection, contact: VisitorContact) -> None:
    """Lock a conversation, as whoever writes a reply does: none is half written while an attempt ends."""
    tx.execute(sa.select(conversation.c.id).where(conversation.c.id == contact.conversation_id).with_for_update())


def _unseen(tx: sa.Connection, contact: VisitorContact) -> list[Message]:
    """Return the agents' replies that the chat did not show and that were not sent, oldest first; lock these."""
    _lock(tx, contact)
    row = tx.execute(sa.select(visitor_contact).where(_is(contact)).with_for_update()).mappings().first()
    if row is None:  # it was erased
        return []
    after = max(row["seen_seq"], row["mailed_seq"])
    statement = (
        sa.select(message)
        .where(
            message.c.conversation_id == contact.conversation_id,
            message.c.role == Role.AGENT,
            message.c.seq > after,
        )
        .order_by(message.c.seq)
        .limit(_MAX_REPLIES)
    )
    return [Message.from_row(found) for found in tx.execute(statement).mappings()]


def _is(contact: VisitorContact) -> sa.ColumnElement[bool]:
    return visitor_contact.c.conversation_id == contact.conversation_id


def _text(contact: VisitorContact, unseen: Sequence[Message]) -> str:
    """Return the text of the mail; it names no words of the visitor, who may have typed somebody else's address."""
    parts = [f"{written.author or 'An agent'} wrote:\n\n{to_text(written.content)}" for written in unseen]
    where = f" at {contact.origin}" if contact.origin else ""
    parts.append(f"To answer, open the chat{where}. Replies to this mail are not read.")
    return "\n\n---\n\n".join(parts) + "\n"
