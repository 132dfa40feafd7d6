"""Send the posts of a mailbox's conversations as mail, each once as far as mail allows.

A row is committed before the server is called. A row that is still `sending` says that an attempt may have handed the
mail in: the next one looks for it in the folder of sent mail first. Where that shows nothing, the same mail goes out
again under the same Message-ID, which mailboxes that know it show once. See docs/decisions/0060-mailboxes.md.
"""

import smtplib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email.message import EmailMessage

import sqlalchemy as sa

from worker.addresses import AddressRefused
from worker.deliveries.payloads import TicketChange, TicketPost, payload_of
from worker.deliveries.sender import AttemptResult, ClaimedDelivery
from worker.helpdesks.mail import MailRefused, MailServer
from worker.helpdesks.timeliness import is_held, obsolete
from worker.mailboxes.bounces import suppress, suppressed
from worker.mailboxes.composing import composed
from worker.mailboxes.imap import ImapMailbox, MailboxUnavailable
from worker.mailboxes.outgoing import NotSendable, Outgoing, OutgoingMail
from worker.states import DeliveryKind, MailState
from worker.store.engine import Store
from worker.store.rows import Delivery, Helpdesk, Mailbox
from worker.store.tables import helpdesk, mail, mailbox
from worker.telemetry import logs

log = logs.get(__name__)

#: Statuses of SMTP that say that an address does not exist; others may be about this mail, or this sender.
_NO_SUCH_ADDRESS = (550, 551, 553)

#: Opens a mailbox by IMAP; raises MailboxUnavailable.
OpenImap = Callable[[Mailbox], AbstractContextManager[ImapMailbox]]


@dataclass(frozen=True, kw_only=True)
class Servers:
    """How mail leaves, and how folders are reached."""

    smtp: Callable[[Mailbox], MailServer]
    imap: OpenImap


class MailboxTransport:
    """Sends for one mailbox. For one thread at a time."""

    def __init__(
        self, store: Store, mailbox_id: str, servers: Servers, *, conversation_url: Callable[[str], str | None]
    ) -> None:
        """`conversation_url` is that of `worker.helpdesks.transport.RoutingTransport`."""
        self._store = store
        self._mailbox_id = mailbox_id
        self._servers = servers
        self._outgoing = Outgoing(store, conversation_url=conversation_url)
        self._now = store.clock.sql()

    def send(self, claimed: ClaimedDelivery) -> AttemptResult:
        """Make one attempt."""
        sent = claimed.delivery
        found = self._rows()
        if found is None:
            return AttemptResult(status=None, error="The mailbox was removed.", final=True)
        connection, box = found
        payload = payload_of(sent)
        if isinstance(payload, TicketChange):  # a mailbox has no states, tags or assignees
            return AttemptResult(status=200)
        if not isinstance(payload, TicketPost):
            raise TypeError(f"A delivery of the kind {sent.kind} goes to no mailbox.")
        if (reason := obsolete(self._store, connection, sent)) is not None:
            return AttemptResult(status=None, error=reason, final=True)
        try:
            return self._write(box, sent, self._outgoing.mail(connection, box, sent, payload))
        except NotSendable as error:
            return AttemptResult(status=None, error=str(error), final=True)
        except MailRefused as error:
            status = error.status
            return AttemptResult(status=status, error=str(error), final=status is not None and status >= 500)
        except (MailboxUnavailable, AddressRefused) as error:
            return AttemptResult(status=None, error=str(error))

    def close(self) -> None:
        """Do nothing: connections last for one attempt."""

    def _rows(self) -> tuple[Helpdesk, Mailbox] | None:
        with self._store.read() as connection:
            desk = connection.execute(sa.select(helpdesk).where(helpdesk.c.id == self._mailbox_id)).mappings().first()
            box = connection.execute(sa.select(mailbox).where(mailbox.c.id == self._mailbox_id)).mappings().first()
        return None if desk is None or box is None else (Helpdesk.from_row(desk), Mailbox.from_row(box))

    def _write(self, box: Mailbox, sent: Delivery, outgoing: OutgoingMail) -> AttemptResult:
        """Send a mail, or put it into the drafts, unless an earlier attempt did."""
        state = self._begin(box, sent, outgoing)
        if state in (MailState.SENT, MailState.BOUNCED) or (
            state == MailState.SENDING and self._was_written(box, outgoing)
        ):
            self._finish(sent)
            return AttemptResult(status=200, response=f"<{outgoing.draft.message_id}>")
        if not is_held(self._store, sent):
            return AttemptResult(status=None, error="The attempt took too long; another makes it.")
        message = composed(outgoing.draft)
        if outgoing.is_draft:
            self._save_draft(box, message)
        else:
            self._send(box, sent, outgoing, message)
        self._finish(sent)
        return AttemptResult(status=200, response=f"<{outgoing.draft.message_id}>")

    def _begin(self, box: Mailbox, sent: Delivery, outgoing: OutgoingMail) -> MailState | None:
        """Record that a mail is about to be sent; return its state if an earlier attempt did so.

        Raises:
            NotSendable: mail to its recipient bounced for good.
        """
        with self._store.begin() as tx:
            known = tx.execute(sa.select(mail.c.state).where(mail.c.id == sent.id)).scalar()
            if known is not None:
                return MailState(known)
            for address in () if outgoing.is_draft else outgoing.draft.to:
                if (reason := suppressed(tx, box, address.address)) is not None:
                    raise NotSendable(f"Mail to this address bounced before: {reason}")
            tx.execute(
                mail.insert().values(
                    id=sent.id,
                    workspace_id=box.workspace_id,
                    mailbox_id=box.id,
                    direction="out",
                    folder="",
                    state=MailState.SENDING,
                    size=0,
                    message_id=outgoing.draft.message_id,
                    ticket=outgoing.ticket,
                    headers={"recipients": outgoing.recipients},
                    attempts=0,
                    created_at=self._now,
                )
            )
            return None

    def _finish(self, sent: Delivery) -> None:
        with self._store.begin() as tx:
            ours = sa.and_(mail.c.id == sent.id, mail.c.state == MailState.SENDING)
            tx.execute(mail.update().where(ours).values(state=MailState.SENT, finished_at=self._now))

    def _was_written(self, box: Mailbox, outgoing: OutgoingMail) -> bool:
        """Whether an earlier attempt, whose end is not known, wrote the mail: its folder has it."""
        if box.imap_url is None:
            return False
        with self._servers.imap(box) as opened:
            folder = opened.folder("drafts" if outgoing.is_draft else "sent")
            return folder is not None and opened.has(folder, outgoing.draft.message_id)

    def _save_draft(self, box: Mailbox, message: EmailMessage) -> None:
        if box.imap_url is None:
            raise NotSendable("A draft needs a folder, and this mailbox is not reached by IMAP.")
        with self._servers.imap(box) as opened:
            if not opened.append("drafts", message.as_bytes()):
                raise NotSendable("The mailbox has no folder for drafts; name it among `folders`.")

    def _send(self, box: Mailbox, sent: Delivery, outgoing: OutgoingMail, message: EmailMessage) -> None:
        server = self._servers.smtp(box)
        try:
            with server.connected() as smtp:
                refused = smtp.send_message(message, from_addr=box.address, to_addrs=outgoing.recipients)
        except MailRefused as error:
            if error.status is not None:  # the server said no; without an answer it may have taken the mail
                self._forget(sent)
            if isinstance(error.__cause__, smtplib.SMTPRecipientsRefused):
                self._suppress(box, error.__cause__)
            raise
        if refused:  # the others have it, so it must not be sent again
            log.warning("mail_refused_for_some", delivery_id=sent.id, recipients=len(refused))
        if box.imap_url is not None and not box.saves_sent and sent.kind != DeliveryKind.HANDOFF_NOTE:
            try:
                with self._servers.imap(box) as opened:
                    opened.append("sent", message.as_bytes())
            except MailboxUnavailable as error:  # it was sent; only the copy is missing
                log.warning("copy_not_saved", delivery_id=sent.id, cause=str(error))

    def _forget(self, sent: Delivery) -> None:
        """Forget an attempt that the server refused: nothing was sent, so the next one need not look for it."""
        with self._store.begin() as tx:
            tx.execute(mail.delete().where(mail.c.id == sent.id, mail.c.state == MailState.SENDING))

    def _suppress(self, box: Mailbox, refused: smtplib.SMTPRecipientsRefused) -> None:
        with self._store.begin() as tx:
            for address, (code, said) in refused.recipients.items():
                reason = f"{code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"
                if code in _NO_SUCH_ADDRESS and " 5.1." in f" {reason[4:]}":
                    suppress(self._store, tx, box, address.lower(), reason)
