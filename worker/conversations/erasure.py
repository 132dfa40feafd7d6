"""Erase a conversation, or everything that is known of a customer."""

import re
from collections.abc import Mapping
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from typing import Any

import sqlalchemy as sa
from redis.exceptions import RedisError

from worker.conversations.deltas import Deltas
from worker.conversations.finding import forget_removed
from worker.conversations.sessions import SessionStore, SessionsUnavailable
from worker.customers.identity import customer_of
from worker.customers.memories import erase as erase_memories
from worker.deliveries.outbox import MAX_TICKET
from worker.deliveries.tickets import NOTIFICATION_KINDS, ticket_of
from worker.errors import DatabaseUnavailable
from worker.states import DeliveryKind, ExchangeState, SpendingScope, SuggestionState
from worker.store.scope import Scope
from worker.store.tables import (
    conversation,
    delivery,
    exchange,
    helpdesk,
    helpdesk_message,
    mail,
    mail_suppression,
    memory,
    message,
    spending,
    suggestion,
)
from worker.telemetry import logs

log = logs.get(__name__)

#: Bytes of a mail in which its headers stand.
_MAX_HEADERS = 100_000


def erase_conversation(scope: Scope, sessions: SessionStore, deltas: Deltas, conversation_id: str) -> None:
    """Erase a conversation with its messages and the memories made from it.

    Raises:
        NotFound: the workspace has no such conversation.
    """
    with scope.store.begin() as tx:
        scope.lock(tx, conversation, conversation_id)
        _erase(tx, scope.workspace_id, conversation_id)
    _forget(sessions, deltas, conversation_id)
    _forget_words(scope)


def erase_customer(scope: Scope, sessions: SessionStore, deltas: Deltas, customer: Mapping[str, Any]) -> dict[str, int]:
    """Erase every conversation of a customer, by their id, their e-mail address or both, and their memories."""
    known = _names_of(customer)
    with scope.store.begin() as tx:
        rows = tx.execute(
            scope.select(conversation, conversation.c.id, conversation.c.requester).where(
                conversation.c.requester.is_not(None)
            )
        ).all()
        named = {row.id: _names_of(row.requester) for row in rows}
        found: set[str] = set()
        # A customer is known by id in one conversation, by address in another, and by both in a third.
        while more := {id for id, names in named.items() if id not in found and names & known}:
            found |= more
            known = known.union(*(named[id] for id in more))
        memories = erase_memories(tx, scope.workspace_id, sorted(known))
        _erase_stray_mail(tx, scope.workspace_id, known)
        for id in sorted(found):
            _erase(tx, scope.workspace_id, id)
    for id in found:
        _forget(sessions, deltas, id)
    if found:
        _forget_words(scope)
    return {"conversations": len(found), "memories": memories}


def _names_of(customer: Mapping[str, Any] | None) -> set[str]:
    """Return the keys of a customer: by id, by e-mail address or both, also by one that nothing proved to be theirs."""
    given = customer or {}
    addresses = (given.get("email"), given.get("unverified_email"))
    names = (customer_of({"id": given.get("id")}), *(customer_of({"email": address}) for address in addresses))
    return {name for name in names if name is not None}


def _erase(tx: sa.Connection, workspace_id: str, conversation_id: str) -> None:
    messages = sa.select(message.c.id).where(message.c.conversation_id == conversation_id)
    tx.execute(
        spending.delete().where(
            spending.c.workspace_id == workspace_id,
            sa.or_(
                sa.and_(
                    spending.c.scope.in_((SpendingScope.CONVERSATION, SpendingScope.JUDGE)),
                    spending.c.subject == conversation_id,
                ),
                sa.and_(
                    spending.c.scope.in_((SpendingScope.MESSAGE, SpendingScope.JUDGE)), spending.c.subject.in_(messages)
                ),
            ),
        )
    )
    tx.execute(
        memory.delete().where(memory.c.workspace_id == workspace_id, memory.c.conversation_id == conversation_id)
    )
    _erase_ticket(tx, workspace_id, conversation_id)
    _erase_suggestions(tx, workspace_id, conversation_id)
    # Where agents were notified of it, and what they wrote there.
    channels = sa.select(helpdesk.c.id).where(
        helpdesk.c.workspace_id == workspace_id, helpdesk.c.kind.in_(NOTIFICATION_KINDS)
    )
    there = helpdesk_message.c.helpdesk_id.in_(list(tx.execute(channels).scalars()))
    threads = sa.select(helpdesk_message.c.external_id).where(there, helpdesk_message.c.ticket == conversation_id)
    known = [conversation_id, *(id for id in tx.execute(threads).scalars() if id is not None)]
    tx.execute(helpdesk_message.update().where(there, helpdesk_message.c.ticket.in_(known)).values(digest=""))
    tx.execute(conversation.delete().where(conversation.c.id == conversation_id))


def _erase_ticket(tx: sa.Connection, workspace_id: str, conversation_id: str) -> None:
    """Erase what is kept of the ticket that a conversation is, or of its mail.

    That a comment or mail came stays known, or it would come again; what it said and whom it was from does not. Of mail
    that ends with the retention of deliveries.
    """
    row = tx.execute(
        sa.select(conversation.c.helpdesk_id, conversation.c.external_id).where(conversation.c.id == conversation_id)
    ).one_or_none()
    # Of a chat that went on by mail, in whichever mailbox.
    own = sa.select(helpdesk.c.id).where(helpdesk.c.workspace_id == workspace_id)
    _erase_mail(tx, sa.and_(mail.c.mailbox_id.in_(own), mail.c.ticket == conversation_id))
    if row is None or row.helpdesk_id is None:
        return
    ticket = ticket_of(row.helpdesk_id, row.external_id)[:MAX_TICKET]
    tx.execute(
        helpdesk_message.update()
        .where(helpdesk_message.c.helpdesk_id == row.helpdesk_id, helpdesk_message.c.ticket == ticket)
        .values(digest="")
    )
    _erase_mail(tx, sa.and_(mail.c.mailbox_id == row.helpdesk_id, mail.c.ticket == ticket))
    tx.execute(
        delivery.delete().where(
            delivery.c.destination_id == row.helpdesk_id,
            delivery.c.kind.in_((DeliveryKind.TICKET_READ, DeliveryKind.TICKET_EVENTS)),
            delivery.c.ticket == ticket,
        )
    )


def _erase_mail(tx: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    tx.execute(mail.update().where(which).values(ticket=None, sender=None, headers=None, raw=None, reason=None))


def _erase_stray_mail(tx: sa.Connection, workspace_id: str, names: set[str]) -> None:
    """Erase what mailboxes keep of a customer outside of conversations.

    Mail of theirs that is not taken yet or could not be, bounces of mail to them, and that they get no more.
    """
    addresses = {name.removeprefix("email:") for name in names if name.startswith("email:")}
    if not addresses:
        return
    stray = sa.and_(mail.c.workspace_id == workspace_id, mail.c.ticket.is_(None))
    for id in tx.execute(sa.select(mail.c.id).where(stray, mail.c.raw.is_not(None))).scalars().all():
        raw = tx.execute(sa.select(mail.c.raw).where(mail.c.id == id)).scalar()
        if _senders(raw or b"") & addresses:
            tx.execute(mail.delete().where(mail.c.id == id))
    named = re.compile(rf"(?<![\w.+-])(?:{'|'.join(map(re.escape, addresses))})(?![\w-])", re.I)
    for row in tx.execute(sa.select(mail.c.id, mail.c.reason).where(stray, mail.c.reason.is_not(None))).all():
        if named.search(row.reason):
            tx.execute(mail.update().where(mail.c.id == row.id).values(reason=None))
    tx.execute(
        mail_suppression.delete().where(
            mail_suppression.c.workspace_id == workspace_id, mail_suppression.c.address.in_(addresses)
        )
    )


def _senders(raw: bytes) -> set[str]:
    """Return whom a raw mail is from, and whom its answers go to."""
    headers = BytesHeaderParser().parsebytes(raw[:_MAX_HEADERS])
    lines = [str(line) for name in ("from", "reply-to") for line in headers.get_all(name, [])]
    return {address.casefold() for _name, address in getaddresses(lines)}


def _erase_suggestions(tx: sa.Connection, workspace_id: str, conversation_id: str) -> None:
    """Erase the drafts that a conversation went into; what other conversations gave them is drafted anew.

    A suggestion that was decided on stays as a decision, without a text, while other conversations asked the same. What
    an editor published is the desk's own.
    """
    here = sa.and_(exchange.c.workspace_id == workspace_id, exchange.c.conversation_id == conversation_id)
    ids = list(tx.execute(sa.select(exchange.c.suggestion_id).where(here).distinct()).scalars())
    tx.execute(exchange.delete().where(here))
    for id in filter(None, ids):
        row = suggestion.c.id == id
        state = tx.execute(sa.select(suggestion.c.state).where(row).with_for_update()).scalar_one()
        others = exchange.c.suggestion_id == id
        left = tx.execute(sa.select(exchange.c.question).where(others).order_by(exchange.c.id)).scalars().all()
        if left and state != SuggestionState.OPEN:
            values = {"question": left[0], "title": left[0], "text": "", "note": None, "count": len(left)}
            tx.execute(suggestion.update().where(row).values(**values))
            continue
        again = {"suggestion_id": None, "state": ExchangeState.QUEUED, "due_at": exchange.c.created_at}
        tx.execute(exchange.update().where(others).values(**again))
        tx.execute(suggestion.delete().where(row))


def _forget_words(scope: Scope) -> None:
    try:
        forget_removed(scope.store)
    except DatabaseUnavailable as error:  # the rows are erased, and no search finds them; the next erasure goes on
        log.warning("words_not_erased", cause=str(error))


def _forget(sessions: SessionStore, deltas: Deltas, conversation_id: str) -> None:
    try:
        sessions.delete(conversation_id)
        deltas.forget(conversation_id)
    except (SessionsUnavailable, RedisError) as error:  # it expires by itself, and nothing leads to it any more
        log.warning("session_not_erased", conversation_id=conversation_id, cause=str(error))
