"""Whom a post of a conversation goes to as mail, and with what."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import sqlalchemy as sa

from kb.languages import language_of, other_language_of
from worker.deliveries.payloads import TicketPost
from worker.errors import AnswerbackError
from worker.mailboxes.addresses import Address, is_own, with_token
from worker.mailboxes.authentication import Belief
from worker.mailboxes.composing import Draft, reply_subject
from worker.mailboxes.envelopes import Envelope
from worker.mailboxes.threads import Threads
from worker.states import DeliveryKind, Role
from worker.store.engine import Store
from worker.store.rows import Delivery, Helpdesk, Mailbox
from worker.store.tables import CAME_BY_MAIL, message
from worker.translations import ENGLISH, LANGUAGES

#: Others who get a copy of an answer, because the customer wrote to them as well.
_MAX_COPIES = 10


class NotSendable(AnswerbackError):
    """There is nobody to send this to."""

    code = "mail_not_sendable"


@dataclass(frozen=True, kw_only=True)
class OutgoingMail:
    """A mail of a conversation; `is_draft` says that it goes into the drafts of the mailbox, for a human to send."""

    ticket: str
    draft: Draft
    is_draft: bool

    @property
    def recipients(self) -> list[str]:
        """All addresses that it goes to."""
        return [address.address for address in (*self.draft.to, *self.draft.cc)]


class Outgoing:
    """Makes mail of posts. Safe to share between threads."""

    def __init__(self, store: Store, *, conversation_url: Callable[[str], str | None]) -> None:
        self._store = store
        self._threads = Threads(store)
        self._conversation_url = conversation_url

    def mail(self, connection: Helpdesk, box: Mailbox, sent: Delivery, post: TicketPost) -> OutgoingMail:
        """Return the mail of a post.

        Raises:
            NotSendable: nobody wrote in the conversation who could get it.
        """
        envelopes = self._threads.envelopes(box, post.ticket)
        answers = next((envelope for envelope in envelopes if envelope.correspondent is not None), None)
        if answers is None or answers.correspondent is None:
            raise NotSendable("The conversation has no mail with an address to answer.")
        quoted = self._quoted(sent, post)
        own = _own(box)
        draft = Draft(
            message_id=f"{sent.id}@{own.domain}",
            sender=own,
            to=_deliverable((answers.correspondent,)),
            cc=_deliverable(_copies(answers, box)),
            reply_to=self._reply_to(connection, own, box, post),
            text=post.text,
            answers=answers,
            quoted=quoted,
            date=sent.created_at // 1_000,
            language=_language(quoted),
        )
        if sent.kind == DeliveryKind.HANDOFF_NOTE:
            draft = self._note(box, sent, draft)
        elif sent.kind == DeliveryKind.TICKET_REPLY:
            draft = replace(draft, automatic="auto-replied", notice=True)
        if not draft.to:
            raise NotSendable(f"Mail servers take no such address: {answers.correspondent.address}")
        return OutgoingMail(ticket=post.ticket, draft=draft, is_draft=sent.kind == DeliveryKind.TICKET_NOTE)

    def _note(self, box: Mailbox, sent: Delivery, draft: Draft) -> Draft:
        """Return the note about a handoff. Who answers it answers the customer, and the mailbox sees that.

        Raises:
            NotSendable: nobody is to be notified, and nobody reads the mailbox itself.
        """
        addresses = _deliverable(Address(address=address) for address in box.notify)
        if not addresses and box.imap_url is None:
            raise NotSendable("Nobody is notified: set `notify`.")
        url = self._conversation_url(sent.workspace_id)
        link = f"\n\n{url.replace('{id}', sent.conversation_id or '')}" if url else ""
        return replace(
            draft,
            to=addresses or (draft.sender,),
            cc=(),
            reply_to=(*draft.to, draft.sender),
            text=f"{draft.text}{link}",
            automatic="auto-generated",
            language=ENGLISH,
            title=f"[Handed off] {reply_subject(draft.answers.subject)}",
        )

    def _reply_to(self, connection: Helpdesk, own: Address, box: Mailbox, post: TicketPost) -> tuple[Address, ...]:
        if not box.plus_addressing:
            return ()
        secret = self._store.sealing.open(connection.webhook_secret)
        return (Address(address=with_token(own.address, post.ticket, secret)),)

    def _quoted(self, sent: Delivery, post: TicketPost) -> str:
        """Return the customer's words that are answered: the message of the delivery, else their last one.

        What was typed in a chat is not quoted, except to colleagues: whoever typed it may have left an address that is
        not theirs.
        """
        of_customer = sa.select(message.c.content).where(
            message.c.conversation_id == sent.conversation_id, message.c.role == Role.CUSTOMER
        )
        if post.ticket == sent.conversation_id and sent.kind != DeliveryKind.HANDOFF_NOTE:
            of_customer = of_customer.where(CAME_BY_MAIL)
        with self._store.read() as connection:
            answered = connection.execute(of_customer.where(message.c.id == sent.message_id)).scalar()
            last = connection.execute(of_customer.order_by(message.c.seq.desc()).limit(1)).scalar()
        return str(answered or last or "")


def _own(box: Mailbox) -> Address:
    """Return the address that mail is from.

    Raises:
        NotSendable: mail servers take no such address.
    """
    own = Address(address=box.address, name=box.sender_name or "").deliverable
    if own is None:
        raise NotSendable(f"Mail servers take no such address: {box.address}")
    return own


def _deliverable(addresses: Iterable[Address]) -> tuple[Address, ...]:
    """Return the addresses that mail servers take, as they take them."""
    return tuple(found for address in addresses if (found := address.deliverable) is not None)


def _copies(answers: Envelope, box: Mailbox) -> tuple[Address, ...]:
    """Return who else gets an answer: whom the customer wrote to as well, if the customer is who they say.

    Otherwise anybody could have the desk write to whomever they like.
    """
    if answers.belief != Belief.BELIEVED or answers.correspondent is None:
        return ()
    others = {
        address.address: address
        for address in (*answers.to, *answers.cc)
        if not is_own(address.address, box.address) and address.address != answers.correspondent.address
    }
    return tuple(others.values())[:_MAX_COPIES]


def _language(text: str) -> str:
    found = language_of(text) or (other_language_of(text, (ENGLISH,)) if text else None)
    return found if found in LANGUAGES else ENGLISH
