"""Take mail into conversations: each once, in the transaction that opens or continues its conversation."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from kb.errors import KnowledgeError
from kb.media_types import media_type_of_file
from worker.conversations import contacts
from worker.conversations.actions import ConversationActions
from worker.conversations.attachments import Attachments
from worker.conversations.intake import Opening, Submission, automatic_of
from worker.deliveries.tickets import external_id
from worker.errors import Conflict, DatabaseUnavailable, Invalid, NotFound
from worker.mailboxes.authentication import Belief
from worker.mailboxes.bounces import Bounces
from worker.mailboxes.envelopes import envelope_of, to_json
from worker.mailboxes.parsing import MAX_TEXT, Mail, parse
from worker.mailboxes.sorting import Action, Decision, Sorter
from worker.mailboxes.spool import Spool, SpoolLease
from worker.mailboxes.threads import Threads
from worker.reading.characters import clean
from worker.reading.subjects import NO_TEXT
from worker.secret_box import SecretsUnreadable
from worker.states import MailState
from worker.store import rows
from worker.store.engine import Store
from worker.store.tables import UNREAD_MAIL, conversation
from worker.store.tables import mail as mail_table
from worker.telemetry import logs

log = logs.get(__name__)

#: The channel of conversations by mail; a voice can have a form of its own for it.
CHANNEL = "email"


class TakenBefore(Exception):
    """Another process took the mail."""


class MailIntake:
    """Takes the mail of mailboxes. Safe to share between threads; one thread at a time takes that of a mailbox.

    Args:
        deadline_s: of each message.
    """

    def __init__(
        self, store: Store, actions: ConversationActions, attachments: Attachments, *, deadline_s: float
    ) -> None:
        self._store = store
        self._actions = actions
        self._attachments = attachments
        self._deadline_s = deadline_s
        self._now = store.clock.sql()
        self.spool = Spool(store)
        self.threads = Threads(store)
        self._sorter = Sorter(self.threads)
        self._bounces = Bounces(store, self.threads)

    def drain(self, mailbox_id: str) -> None:
        """Take all mail of a mailbox that is due, oldest first; return at once while another process does so."""
        lease = self.spool.lease(mailbox_id)
        if lease is None:
            return
        try:
            secret = self._store.sealing.open(lease.secret)
            while (waiting := self.spool.next(lease)) is not None:
                self._take(lease, secret, waiting)
            self.spool.clear_problem(lease)
        except SecretsUnreadable as error:  # this process has another key; the mail waits for one that has the key
            if self.spool.report_problem(lease, str(error)):
                log.error("mail_not_taken", mailbox_id=mailbox_id, cause=str(error))
        finally:
            self.spool.release(lease)

    def _take(self, lease: SpoolLease, secret: str, waiting: rows.Mail) -> None:
        """Take a mail, or try it again later: whatever is wrong with it, the next one gets its turn."""
        try:
            self._try(lease, secret, waiting)
        except (DatabaseUnavailable, SecretsUnreadable):  # it stays as it is
            raise
        except Exception as error:
            log.exception("mail_not_taken", mail_id=waiting.id)
            if not self.spool.postpone(waiting, f"{type(error).__name__}: {error}"):
                log.error("mail_given_up", mail_id=waiting.id, mailbox_id=waiting.mailbox_id)

    def _try(self, lease: SpoolLease, secret: str, waiting: rows.Mail) -> None:
        mail = parse(waiting.raw or b"")
        try:
            decision = self._sorter.decide(lease.mailbox, secret, mail, waiting.folder)
            self._act(lease.mailbox, waiting, mail, decision)
        except TakenBefore:
            log.info("mail_taken_before", mail_id=waiting.id)
        except IntegrityError:
            if not self._is_known(lease.mailbox, mail):
                raise
            self.spool.ignore(waiting, "It came before.", message_id=mail.message_id)
        except (Conflict, NotFound) as error:
            self.spool.ignore(waiting, str(error), message_id=mail.message_id)

    def _act(self, mailbox: rows.Mailbox, waiting: rows.Mail, mail: Mail, decision: Decision) -> None:
        match decision.action:
            case Action.IGNORE:
                self.spool.ignore(waiting, decision.reason or "", message_id=mail.message_id)
            case Action.REPORT if mail.report is not None:
                reason = self._bounces.record(mailbox, mail.report)
                self.spool.ignore(waiting, reason, message_id=mail.message_id)
            case Action.AGENT:
                self._agent(mailbox, waiting, mail, decision)
            case _:
                self._customer(mailbox, waiting, mail, decision)
        log.info("mail_taken", mail_id=waiting.id, action=decision.action, belief=decision.belief)

    def _customer(self, mailbox: rows.Mailbox, waiting: rows.Mail, mail: Mail, decision: Decision) -> None:
        kept, left_out = self._files(mailbox.workspace_id, mail)
        submission = Submission(
            content=_content(decision.text, mail.problem, left_out),
            deadline_s=self._deadline_s,
            attachments=kept,
            email_headers=mail.headers,
            sender=None if decision.writer is None else decision.writer.address,
            declared_automatic=_asks_for_silence(mail.headers),
        )
        subject = clean(mail.subject)[:500] or None
        ticket = decision.ticket or waiting.id
        if self._chat(mailbox, ticket) is not None and automatic_of(submission, Opening(subject=subject)) is not None:
            ticket = waiting.id  # nobody has answered: neither does the chat end, nor does it show this
        opening = Opening(
            subject=subject,
            requester=_requester(decision),
            external_id=self._external_id(mailbox, ticket),
            channel=CHANNEL,
            helpdesk_id=mailbox.id,
            owner=decision.owner,
        )
        self._actions.submit(
            mailbox.workspace_id,
            opening,
            submission,
            in_transaction=lambda tx: self._end(tx, waiting, mail, decision, ticket),
        )

    def _agent(self, mailbox: rows.Mailbox, waiting: rows.Mail, mail: Mail, decision: Decision) -> None:
        ticket = decision.ticket or waiting.id
        agent = None if decision.writer is None else decision.writer.name or decision.writer.address
        self._actions.reply(
            mailbox.workspace_id,
            self._conversation(mailbox, ticket),
            content=_content(decision.text, mail.problem, ()),
            author=agent or "an agent",
            via=mailbox.id,
            in_transaction=lambda tx: self._end(tx, waiting, mail, decision, ticket),
        )

    def _conversation(self, mailbox: rows.Mailbox, ticket: str) -> str:
        """Return the id of the conversation that a ticket is.

        Raises:
            NotFound: it was erased.
        """
        named = sa.select(conversation.c.id).where(
            conversation.c.workspace_id == mailbox.workspace_id,
            conversation.c.external_id == self._external_id(mailbox, ticket),
        )
        with self._store.read() as connection:
            id = connection.execute(named).scalar()
        if id is None:
            raise NotFound("The conversation was erased.")
        return str(id)

    def _external_id(self, mailbox: rows.Mailbox, ticket: str) -> str:
        """Return the external id of a ticket's conversation; a chat that goes on by mail may have one of its own."""
        return self._chat(mailbox, ticket) or external_id(mailbox.id, ticket)

    def _chat(self, mailbox: rows.Mailbox, ticket: str) -> str | None:
        """Return the external id of the chat that a ticket is, while its visitor has not answered by mail, or None."""
        with self._store.read() as connection:
            return contacts.external_id_of(connection, mailbox.id, ticket)

    def _end(self, tx: sa.Connection, waiting: rows.Mail, mail: Mail, decision: Decision, ticket: str) -> None:
        """Record that a mail is taken, in the transaction that takes it.

        Raises:
            IntegrityError: the same mail was taken before.
            TakenBefore: another process took this very row.
        """
        is_customer = decision.action == Action.CUSTOMER and decision.writer is not None
        sender = decision.writer.address[:320] if is_customer and decision.writer is not None else None
        ended = tx.execute(
            mail_table.update()
            .where(mail_table.c.id == waiting.id, UNREAD_MAIL)
            .values(
                state=MailState.TAKEN,
                key=mail.key,
                message_id=mail.message_id or None,
                ticket=ticket,
                sender=sender,
                headers=to_json(envelope_of(mail, decision.writer, decision.belief)),
                raw=None,
                reason=None,
                due_at=None,
                finished_at=self._now,
            )
        )
        if not ended.rowcount:
            raise TakenBefore
        if is_customer:
            named = external_id(waiting.mailbox_id, ticket)
            contacts.move_to_mail(tx, waiting.mailbox_id, ticket, named=named)

    def _is_known(self, mailbox: rows.Mailbox, mail: Mail) -> bool:
        same = sa.select(mail_table.c.id).where(mail_table.c.mailbox_id == mailbox.id, mail_table.c.key == mail.key)
        with self._store.read() as connection:
            return connection.execute(same).first() is not None

    def _files(self, workspace_id: str, mail: Mail) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Keep the files of a mail that can be read; return their ids, and the names of the others."""
        kept, left_out = [], []
        for file in mail.files:
            name = "".join(char for char in file.name if char.isprintable())[:200] or "file"
            media_type = media_type_of_file(name) or file.media_type
            try:
                kept.append(self._attachments.add(workspace_id, name=name, media_type=media_type, data=file.data)["id"])
            except (KnowledgeError, Invalid):
                left_out.append(name)
        return tuple(kept), tuple(left_out)


def _requester(decision: Decision) -> dict[str, str] | None:
    """Return who a conversation is with.

    An address that nothing proves has a name of its own, so that it is nobody's key to memories or to tools.
    """
    if decision.writer is None:
        return None
    name = "email" if decision.belief == Belief.BELIEVED else "unverified_email"
    named = {"name": clean(decision.writer.name)} if decision.writer.name else {}
    return {**named, name: decision.writer.address}


def _content(text: str, problem: str | None, left_out: tuple[str, ...]) -> str:
    lines = [clean(text)[:MAX_TEXT].strip() or NO_TEXT]
    if problem is not None:
        lines.append(f"[The text of this mail could not be read: {problem}]")
    if left_out:
        lines.append(f"[Files that are not kept: {', '.join(left_out)}]")
    return "\n\n".join(lines)


def _asks_for_silence(headers: Mapping[str, Any]) -> bool:
    """Whether a mail asks for no automatic reply, as Exchange has it, or was marked as spam on its way."""
    suppressed = {part.strip().lower() for part in str(headers.get("x-auto-response-suppress", "")).split(",")}
    is_spam = str(headers.get("x-spam-flag", "")).strip().lower() == "yes"
    return bool({"all", "autoreply"} & suppressed) or is_spam
