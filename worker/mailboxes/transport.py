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
from worker.mailboxes.recipients import Progress, Refusals, from_json, of_bounce, text_of, to_json
from worker.secret_box import SecretsUnreadable
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
        except (MailboxUnavailable, AddressRefused, SecretsUnreadable) as error:
            return AttemptResult(status=None, error=str(error))

    def close(self) -> None:
        """Do nothing: connections last for one attempt."""

    def _rows(self) -> tuple[Helpdesk, Mailbox] | None:
        with self._store.read() as connection:
            desk = connection.execute(sa.select(helpdesk).where(helpdesk.c.id == self._mailbox_id)).mappings().first()
            box = connection.execute(sa.select(mailbox).where(mailbox.c.id == self._mailbox_id)).mappings().first()
        return None if desk is None or box is None else (Helpdesk.from_row(desk), Mailbox.from_row(box))

    def _write(self, box: Mailbox, sent: Delivery, outgoing: OutgoingMail) -> AttemptResult:
        """Send a mail, or put it into the drafts, unless an earlier attempt did.

        One that bounced is sent again: its delivery had ended, so somebody has it replayed.
        """
        state = self._begin(box, sent, outgoing)
        kept = self._progress(sent)
        id = f"<{outgoing.draft.message_id}>"
        if state == MailState.SENDING and kept is not None and kept.is_done(outgoing):
            self._finish(sent)
            self._save_copy(box, sent, composed(outgoing.draft), unless_there=outgoing)
            return kept.result(outgoing)
        if state == MailState.SENT or (
            state == MailState.SENDING and kept is None and self._was_written(box, outgoing)
        ):
            self._finish(sent)
            return AttemptResult(status=200, response=id)
        if not is_held(self._store, sent):
            return AttemptResult(status=None, error="The attempt took too long; another makes it.")
        message = composed(outgoing.draft)
        if not outgoing.is_draft:
            result = self._send(box, sent, outgoing, message)
            if result.delivered:
                self._finish(sent)
            return result
        self._save_draft(box, message)
        self._finish(sent)
        return AttemptResult(status=200, response=id)

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

    def _send(self, box: Mailbox, sent: Delivery, outgoing: OutgoingMail, message: EmailMessage) -> AttemptResult:
        """Hand a mail in for whom it is left for, and return how that went."""
        server = self._servers.smtp(box)
        kept = self._progress(sent)
        everybody = tuple(outgoing.recipients)
        before = (
            Progress(recipients=everybody, left=everybody) if kept is None else self._open(box, sent, outgoing, kept)
        )
        sender = outgoing.draft.sender.address
        try:
            with server.connected() as smtp:
                refusals = smtp.send_message(message, from_addr=sender, to_addrs=list(before.left))
        except MailRefused as error:
            if not isinstance(error.__cause__, smtplib.SMTPRecipientsRefused):
                if kept is None and error.status is not None:  # without an answer it may have taken the mail
                    self._forget(sent)
                raise
            refusals = error.__cause__.recipients
        self._suppress(box, refusals)
        after = before.after(refusals)
        if not after.have and not (after.left and after.refused):
            self._forget(sent)
        else:  # at once: until this is committed, the next attempt does not know that the mail was taken
            self._keep(sent, after)
        if after.have and not before.have:
            self._save_copy(box, sent, message)
        return after.result(outgoing)

    def _open(self, box: Mailbox, sent: Delivery, outgoing: OutgoingMail, kept: Progress) -> Progress:
        """Return whom an attempt is to write to after others, and keep it.

        Those who are left; when it is a replay, the recipients of today who do not have it: who was refused, or whose
        mail bounced, or who takes the place of such an address.

        Raises:
            NotSendable: all of them get no mail any more.
        """
        with self._store.read() as connection:
            state = connection.execute(sa.select(mail.c.state).where(mail.c.id == sent.id)).scalar()
            if kept.left and state != MailState.BOUNCED:  # a bounce ends the delivery, so this is a replay
                return kept
            lacking = [address for address in outgoing.recipients if address not in kept.have]
            reasons = {address: suppressed(connection, box, address) for address in lacking}
        left = tuple(address for address, reason in reasons.items() if reason is None)
        if not left:
            raise NotSendable(f"Mail to this address bounced before: {next(iter(reasons.values()), '')}")
        refused = {address: kept.refused.get(address, f"550 {reason}") for address, reason in reasons.items() if reason}
        progress = Progress(recipients=tuple(outgoing.recipients), left=left, refused=refused)
        self._keep(sent, progress, state=MailState.SENDING, reason=None)
        return progress

    def _save_copy(
        self, box: Mailbox, sent: Delivery, message: EmailMessage, *, unless_there: OutgoingMail | None = None
    ) -> None:
        """Keep a copy in the folder of sent mail as far as possible, once where an earlier attempt may have done so."""
        if box.imap_url is None or box.saves_sent or sent.kind == DeliveryKind.HANDOFF_NOTE:
            return
        try:
            with self._servers.imap(box) as opened:
                folder = None if unless_there is None else opened.folder("sent")
                if folder is None or unless_there is None or not opened.has(folder, unless_there.draft.message_id):
                    opened.append("sent", message.as_bytes())
        except MailboxUnavailable as error:  # it was sent; only the copy is missing
            log.warning("copy_not_saved", delivery_id=sent.id, cause=str(error))

    def _progress(self, sent: Delivery) -> Progress | None:
        with self._store.read() as connection:
            row = connection.execute(sa.select(mail.c.state, mail.c.headers, mail.c.reason).where(mail.c.id == sent.id))
            found = row.first()
        if found is None:
            return None
        if (kept := from_json(found.headers or {})) is None and found.state == MailState.BOUNCED:
            return of_bounce(found.headers or {}, found.reason or "")
        return kept

    def _keep(self, sent: Delivery, progress: Progress, **more: object) -> None:
        """Keep who has yet to get a mail, so that the next attempt writes to them alone."""
        with self._store.begin() as tx:
            tx.execute(mail.update().where(mail.c.id == sent.id).values(headers=to_json(progress), **more))

    def _forget(self, sent: Delivery) -> None:
        """Forget an attempt that the server refused: nothing was sent, so the next one need not look for it."""
        with self._store.begin() as tx:
            tx.execute(mail.delete().where(mail.c.id == sent.id, mail.c.state == MailState.SENDING))

    def _suppress(self, box: Mailbox, refusals: Refusals) -> None:
        """Send nothing any more to addresses that do not exist, as the server says."""
        for address, (code, said) in refusals.items():
            if code in _NO_SUCH_ADDRESS and " 5.1." in f" {text_of(said)}":
                with self._store.begin() as tx:
                    suppress(self._store, tx, box, address.lower(), f"{code} {text_of(said)}")
