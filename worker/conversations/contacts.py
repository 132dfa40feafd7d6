"""The e-mail addresses that visitors of the chat leave, so that an agent's reply reaches them when they have gone.

A reply that the chat has not shown after `UNSEEN_MS` is sent by mail: see `worker.mailboxes.visitor_mail`.
"""

from typing import Any

import sqlalchemy as sa

from worker.errors import Invalid
from worker.states import ConnectionState, HelpdeskMode, MailState
from worker.store.engine import Store
from worker.store.rows import Helpdesk
from worker.store.scope import Scope
from worker.store.tables import conversation, helpdesk, mail, mailbox, visitor_contact
from worker.store.upsert import upsert_into

#: How long a reply waits to be seen in the chat before it is sent by mail.
UNSEEN_MS = 60_000

_OF_CONVERSATION = visitor_contact.c.conversation_id == sa.bindparam("conversation")
_SCHEDULE = (
    visitor_contact.update()
    .where(_OF_CONVERSATION, visitor_contact.c.due_at.is_(None))
    .values(due_at=sa.bindparam("due"), attempts=0)
)
_MAILBOX = sa.select(visitor_contact.c.mailbox_id).where(_OF_CONVERSATION)
_COUNT_AS_MAILED = (
    visitor_contact.update()
    .where(_OF_CONVERSATION, visitor_contact.c.due_at.is_(None))
    .values(mailed_seq=sa.bindparam("seq"))
)
#: Mail that makes a chat a ticket of a mailbox; no such mail was ever sent, so it has no key.
_FIRST_MAIL = (mail.c.direction == "in", mail.c.key.is_(None), mail.c.state == MailState.TAKEN)


def show(scope: Scope, conversation_id: str, *, has_server: bool) -> dict[str, Any]:
    """Return who owns a conversation, the address that its visitor left, and whether mail can reach one.

    `has_server` says that the operator has a mail server.

    Raises:
        NotFound: the workspace has no such conversation.
    """
    row = scope.get(conversation, conversation_id, columns=(conversation.c.owner, conversation.c.helpdesk_id))
    left = sa.select(visitor_contact.c.email).where(visitor_contact.c.conversation_id == conversation_id)
    with scope.store.read() as connection:
        email = connection.execute(left).scalar()
    can_mail = row["helpdesk_id"] is None and can_send(scope.store, scope.workspace_id, has_server=has_server)
    return {"owner": row["owner"], "email": email, "can_mail": can_mail}


def leave(scope: Scope, conversation_id: str, email: str, *, origin: str | None) -> None:
    """Keep the address of a visitor, who sees the conversation now.

    The requester gets it as `unverified_email`: an agent reads it there, and erasure by address finds it, but it is no
    key to memories or tools. Once it is changed, nothing goes to the earlier one, which gives no way in any more.

    Raises:
        NotFound: the workspace has no such conversation.
        Invalid: the conversation is a ticket of a helpdesk, which has its own way to the customer.
    """
    with scope.store.begin() as tx:
        row = scope.lock(tx, conversation, conversation_id)
        if row["helpdesk_id"] is not None:
            raise Invalid("Replies in this conversation go out by its helpdesk already.", field="email")
        now = scope.store.now(tx)
        given: dict[str, Any] = {"email": email, "origin": origin, "updated_at": now}
        left = sa.select(visitor_contact.c.email).where(visitor_contact.c.conversation_id == conversation_id)
        is_other = tx.execute(left).scalar() not in (None, email)
        if is_other and not _readdress(tx, scope, conversation_id, email, now=now):
            given["mailbox_id"] = None
        statement = upsert_into(scope.store, visitor_contact).values(
            conversation_id=conversation_id,
            workspace_id=scope.workspace_id,
            seen_seq=row["next_seq"] - 1,
            mailed_seq=0,
            attempts=0,
            created_at=now,
            **given,
        )
        tx.execute(statement.on_conflict_do_update(index_elements=["conversation_id"], set_=given))
        requester = {**(row["requester"] or {})}
        if requester.get("email") != email:
            requester["unverified_email"] = email
            tx.execute(conversation.update().where(conversation.c.id == conversation_id).values(requester=requester))


def see(scope: Scope, conversation_id: str, seq: int) -> None:
    """Record that the chat has shown the messages up to `seq`; these are not sent by mail any more."""
    earlier = sa.and_(
        visitor_contact.c.conversation_id == conversation_id,
        visitor_contact.c.workspace_id == scope.workspace_id,
        visitor_contact.c.seen_seq < seq,
    )
    with scope.store.begin() as tx:
        tx.execute(visitor_contact.update().where(earlier).values(seen_seq=seq))


def _readdress(tx: sa.Connection, scope: Scope, conversation_id: str, email: str, *, now: int) -> bool:
    """Make the mail thread of a conversation that of another address, for what waits to be sent too; False if none."""
    own = sa.select(helpdesk.c.id).where(helpdesk.c.workspace_id == scope.workspace_id)
    first = sa.select(mail.c.id, mail.c.headers).where(
        mail.c.mailbox_id.in_(own), mail.c.ticket == conversation_id, mail.c.headers.is_not(None), *_FIRST_MAIL
    )
    found = tx.execute(first).all()
    for begun in found:
        headers = {**begun.headers, "correspondent": [email, ""]}
        values = {"sender": email, "headers": headers, "created_at": now}  # the newest mail is answered
        tx.execute(mail.update().where(mail.c.id == begun.id).values(**values))
    return bool(found)


def schedule(
    tx: sa.Connection, conversation_id: str, *, now: int, via: str | None = None, seq: int | None = None
) -> None:
    """Have a reply that was written now sent by mail if the visitor left an address and does not see it soon.

    `via` is the helpdesk in which the agent wrote it: one from the mailbox that the conversation goes on by was sent
    from there, and counts as mailed up to its `seq`. The caller holds the lock of the conversation.
    """
    where = {"conversation": conversation_id}
    if via is not None and via == tx.execute(_MAILBOX, where).scalar():
        tx.execute(_COUNT_AS_MAILED, {**where, "seq": seq})
        return
    tx.execute(_SCHEDULE, {**where, "due": now + UNSEEN_MS})


def mailbox_for(tx: sa.Connection, workspace_id: str) -> Helpdesk | None:
    """Return the connected mailbox of a workspace, the oldest that may write, or None."""
    writable = (
        sa.select(helpdesk)
        .join(mailbox, mailbox.c.id == helpdesk.c.id)
        .where(
            helpdesk.c.workspace_id == workspace_id,
            helpdesk.c.state == ConnectionState.ENABLED,
            helpdesk.c.mode != HelpdeskMode.SHADOW,
        )
        .order_by(helpdesk.c.id)
        .limit(1)
    )
    row = tx.execute(writable).mappings().first()
    return None if row is None else Helpdesk.from_row(row)


def can_send(store: Store, workspace_id: str, *, has_server: bool) -> bool:
    """Whether replies can reach a visitor by mail: by a mailbox, or by the operator's server if `has_server`."""
    if has_server:
        return True
    with store.read() as connection:
        return mailbox_for(connection, workspace_id) is not None


def external_id_of(tx: sa.Connection, mailbox_id: str, ticket: str) -> str | None:
    """Return the external id of the chat that goes on by mail under a ticket of a mailbox; None when it is none."""
    chat = (
        sa.select(conversation.c.external_id)
        .join_from(visitor_contact, conversation, conversation.c.id == visitor_contact.c.conversation_id)
        .where(visitor_contact.c.conversation_id == ticket, visitor_contact.c.mailbox_id == mailbox_id)
    )
    found: str | None = tx.execute(chat).scalar()
    return found


def goes_on_by_mail(scope: Scope, conversation_id: str) -> bool:
    """Whether a conversation was a chat until its visitor answered by mail.

    Nothing shows that whoever has the chat open is the one who answered, so the chat ends there.
    """
    named = conversation.c.helpdesk_id.concat(":").concat(conversation.c.id)  # as `tickets.external_id` does
    moved = scope.select(conversation, conversation.c.id).where(
        conversation.c.id == conversation_id, conversation.c.external_id == named
    )
    with scope.store.read() as connection:
        return connection.execute(moved).first() is not None


def move_to_mail(tx: sa.Connection, mailbox_id: str, ticket: str, *, named: str) -> None:
    """Make a chat a ticket of the mailbox whose mail its visitor answered: whatever is said from now on goes by mail.

    `named` is the external id of such a ticket. The chat of an identified customer keeps its own, and with it its
    contact: agents' replies go on as before.
    """
    moved = tx.execute(
        conversation.update()
        .where(
            conversation.c.id == ticket,
            conversation.c.external_id == named,
            conversation.c.helpdesk_id.is_(None),
            sa.exists().where(visitor_contact.c.conversation_id == ticket, visitor_contact.c.mailbox_id == mailbox_id),
        )
        .values(helpdesk_id=mailbox_id)
    )
    if moved.rowcount:
        tx.execute(visitor_contact.delete().where(visitor_contact.c.conversation_id == ticket))
