"""Decide what a mail is: a customer's words, an agent's reply, a report on our own mail, or nothing to act on."""

from dataclasses import dataclass
from enum import StrEnum

from worker.mailboxes.addresses import Address, is_of_team, is_own
from worker.mailboxes.authentication import Belief, belief
from worker.mailboxes.forwards import forwarded
from worker.mailboxes.parsing import Mail
from worker.mailboxes.threads import Threads
from worker.reading.message import read
from worker.states import MailFolder, Owner
from worker.store.rows import Mailbox


class Action(StrEnum):
    """An action on a mail."""

    CUSTOMER = "customer"
    AGENT = "agent"
    REPORT = "report"
    IGNORE = "ignore"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A decision about a mail.

    Attributes:
        ticket: the conversation that it continues; None for a new one.
        writer: whose words they are, and whom an answer goes to.
        owner: of a new conversation.
        reason: why it is ignored.
    """

    action: Action
    ticket: str | None = None
    writer: Address | None = None
    text: str = ""
    belief: Belief = Belief.UNKNOWN
    owner: Owner = Owner.BOT
    reason: str | None = None


class Sorter:
    """Sorts the mail of mailboxes. Safe to share between threads."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads

    def decide(self, mailbox: Mailbox, secret: str, mail: Mail, folder: str) -> Decision:
        """Return the decision for a mail; `secret` signs the tokens in the mailbox's addresses."""
        if mail.report is not None:
            if self._threads.is_sent_here(mailbox, mail.report.message_id):
                return Decision(action=Action.REPORT)
            return _ignored("A report on mail that was not sent from here.")
        is_sent_draft = folder == MailFolder.SENT and self._threads.is_draft(mailbox, mail.message_id)
        if not is_sent_draft and self._threads.is_sent_here(mailbox, mail.message_id):
            return _ignored("It was sent from here.")
        if folder == MailFolder.SENT:
            return self._of_agent(mailbox, secret, mail, _ignored("It answers no conversation."))
        sender, writer = mail.sender, mail.correspondent
        if writer is None:  # nobody to answer, but perhaps somebody to read it
            return Decision(action=Action.CUSTOMER, text=mail.text, belief=Belief.REFUSED, owner=Owner.HUMAN)
        if is_own(writer.address, mailbox.address):
            return _ignored("It is from the mailbox itself.")
        believed = (
            Belief.UNKNOWN if sender is None else belief(mail.authentication, sender, authserv_id=mailbox.authserv_id)
        )
        if sender is not None and believed == Belief.BELIEVED and is_of_team(sender.address, mailbox.team):
            decided = self._of_colleague(mailbox, secret, mail)
            if decided is not None:
                return decided
        if sender is not None and believed == Belief.BELIEVED and writer.address != sender.address:
            believed = Belief.UNKNOWN  # that the sender is who they say says nothing about `Reply-To`
        return self._of_customer(mailbox, secret, mail, writer, believed)

    def _of_customer(self, mailbox: Mailbox, secret: str, mail: Mail, writer: Address, believed: Belief) -> Decision:
        is_refused = believed == Belief.REFUSED
        return Decision(
            action=Action.CUSTOMER,
            ticket=None if is_refused else self._threads.find(mailbox, secret, mail, writer.address, belief=believed),
            writer=writer,
            text=mail.text,
            belief=believed,
            owner=Owner.HUMAN if is_refused or mail.problem is not None else Owner.BOT,
        )

    def _of_colleague(self, mailbox: Mailbox, secret: str, mail: Mail) -> Decision | None:
        """Return the decision for a colleague's mail; None when they write as a customer would."""
        inner = forwarded(mail)
        writer = None if inner is None else inner.writer
        if inner is not None and writer is not None and not self._is_ours(mailbox, writer):
            return Decision(action=Action.CUSTOMER, writer=writer, text=inner.text)
        if next(self._threads.named(mailbox, secret, mail), None) is None:
            return None
        return self._of_agent(
            mailbox, secret, mail, _ignored("A colleague's remark: the customer is none of its recipients.")
        )

    def _is_ours(self, mailbox: Mailbox, address: Address) -> bool:
        return is_own(address.address, mailbox.address) or is_of_team(address.address, mailbox.team)

    def _of_agent(self, mailbox: Mailbox, secret: str, mail: Mail, otherwise: Decision) -> Decision:
        """Return the decision for a human's mail that a customer got, if it did."""
        recipients = {address.address for address in (*mail.to, *mail.cc)}
        for ticket in self._threads.named(mailbox, secret, mail):
            if recipients & self._threads.participants(mailbox, ticket):
                return Decision(
                    action=Action.AGENT, ticket=ticket, writer=mail.sender, text=read(mail.text).own_text or mail.text
                )
        return otherwise


def _ignored(reason: str) -> Decision:
    return Decision(action=Action.IGNORE, reason=reason)
