"""Write into tickets, and do so once: before a retry, what an earlier attempt may have written is looked for."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from worker.addresses import AddressRefused, Caller, Guard
from worker.deliveries import outbox
from worker.deliveries.payloads import (
    Notification,
    TicketChange,
    TicketEvents,
    TicketPost,
    TicketRead,
    WebhookBody,
    payload_of,
)
from worker.deliveries.sender import AttemptResult, ClaimedDelivery, Transport
from worker.deliveries.webhooks import Webhooks
from worker.helpdesks.inbound import Inbound, events_of
from worker.helpdesks.kinds import KINDS
from worker.helpdesks.mail import MailServer
from worker.helpdesks.protocol import Account, Desk, HelpdeskRefused, Post, digest
from worker.helpdesks.timeliness import is_held, obsolete
from worker.secret_box import SecretsUnreadable
from worker.states import (
    DeliveryChannel,
    DeliveryKind,
    EventType,
    MessageState,
    Owner,
    Role,
)
from worker.store.engine import Store
from worker.store.rows import Delivery, Helpdesk
from worker.store.tables import conversation, delivery, helpdesk, helpdesk_message, mailbox, message

#: A call of a helpdesk's API, and all calls of an attempt together: less than its lease.
_TOTAL_S = 15.0
_ATTEMPT_S = 30.0

#: Statuses of what no other attempt would mend: the request, the token or its permissions, a ticket that is gone.
_FINAL = (400, 401, 403, 404, 405, 410, 413, 415, 422)

#: Those of a read: a message that nobody has read yet waits until the token is renewed.
_FINAL_OF_READ = (404, 410, 422)

_NOT_ALLOWED = "The helpdesk does not accept the token, or not for this (see `answerback helpdesk check`):"


class RoutingTransport:
    """Sends each delivery by the transport of its kind. For one thread at a time."""

    def __init__(
        self,
        store: Store,
        guard: Guard,
        inbound: Inbound,
        *,
        mail: MailServer | None,
        conversation_url: Callable[[str], str | None],
        open_mailbox: Callable[[str], Transport] | None = None,
    ) -> None:
        """`conversation_url` returns, for a workspace, the page of a conversation for agents, with `{id}`; notes about
        handoffs link to it. `open_mailbox` returns the transport of the mailbox with an id.
        """
        self._store = store
        self._guard = guard
        self._inbound = inbound
        self._mail = mail
        self._conversation_url = conversation_url
        self._open_mailbox = open_mailbox
        self._open: dict[str, Transport] = {}  # by destination

    def send(self, claimed: ClaimedDelivery) -> AttemptResult:
        """Make one attempt."""
        sent = claimed.delivery
        transport = self._open.get(sent.destination_id)
        if transport is None:
            transport = self._open[sent.destination_id] = self._transport(sent)
        return transport.send(claimed)

    def _transport(self, sent: Delivery) -> Transport:
        if sent.kind.channel == DeliveryChannel.WEBHOOK:
            return Webhooks(self._guard)
        if self._open_mailbox is not None and self._is_mailbox(sent.destination_id):
            return self._open_mailbox(sent.destination_id)
        return HelpdeskTransport(
            self._store,
            self._guard,
            self._inbound,
            sent.destination_id,
            mail=self._mail,
            conversation_url=self._conversation_url,
        )

    def _is_mailbox(self, id: str) -> bool:
        with self._store.read() as connection:
            return connection.execute(sa.select(mailbox.c.id).where(mailbox.c.id == id)).first() is not None

    def close(self) -> None:
        """Close what is open."""
        for transport in self._open.values():
            transport.close()


class HelpdeskTransport:
    """Writes into the tickets of one helpdesk, reads them, and notifies agents."""

    def __init__(
        self,
        store: Store,
        guard: Guard,
        inbound: Inbound,
        helpdesk_id: str,
        *,
        mail: MailServer | None,
        conversation_url: Callable[[str], str | None],
    ) -> None:
        self._mail = mail
        self._conversation_url = conversation_url
        self._store = store
        self._guard = guard
        self._inbound = inbound
        self._helpdesk_id = helpdesk_id
        self._now = store.clock.sql()
        self._caller = Caller(guard, total_s=_TOTAL_S)

    def send(self, claimed: ClaimedDelivery) -> AttemptResult:
        """Make one attempt.

        The helpdesk's refusals and answers that cannot be read are failed attempts. Any other exception is a bug of
        this program and is left to `attempt_of`.
        """
        try:
            return self._send(claimed.delivery)
        except HelpdeskRefused as error:
            final = _FINAL_OF_READ if claimed.delivery.kind == DeliveryKind.TICKET_READ else _FINAL
            return AttemptResult(
                status=error.status,
                error=f"{_NOT_ALLOWED} {error}" if error.status in (401, 403) else str(error),
                retry_after_s=error.retry_after_s,
                final=error.status in final,
            )
        except (AddressRefused, SecretsUnreadable) as error:
            return AttemptResult(status=None, error=str(error))

    def close(self) -> None:
        """Close the connection."""
        self._caller.close()

    def _send(self, sent: Delivery) -> AttemptResult:
        payload = payload_of(sent)
        connection = self._connection()
        if connection is None:
            return _given_up("The helpdesk was removed.")
        if isinstance(payload, TicketEvents):
            self._inbound.apply(connection, events_of(payload))
            return AttemptResult(status=200)
        self._caller.within(_ATTEMPT_S)
        if connection.kind != "email":
            self._guard.check_url(connection.url)
        desk = open_desk(connection, self._caller, self._mail, open_secret=self._store.sealing.open)
        if isinstance(payload, TicketRead):
            self._inbound.apply(connection, desk.look(payload.ticket))
            return AttemptResult(status=200)
        if (reason := obsolete(self._store, connection, sent)) is not None:
            return _given_up(reason)
        match payload:
            case Notification():
                return self._notify(connection, desk, sent, payload)
            case TicketPost():
                return self._post(connection, desk, sent, payload)
            case TicketChange():
                return self._change(connection, desk, sent, payload)
            case WebhookBody():
                raise TypeError(f"A delivery of the kind {sent.kind} goes to no helpdesk.")

    def _connection(self) -> Helpdesk | None:
        with self._store.read() as connection:
            found = connection.execute(sa.select(helpdesk).where(helpdesk.c.id == self._helpdesk_id)).mappings()
            row = found.one_or_none()
        return None if row is None else Helpdesk.from_row(row)

    def _post(self, connection: Helpdesk, desk: Desk, sent: Delivery, payload: TicketPost) -> AttemptResult:
        """Write into a ticket, and enqueue what changes in it then."""
        post = Post(**asdict(payload))
        if sent.kind == DeliveryKind.HANDOFF_NOTE:
            post = replace(post, text=self._with_link(post.text, sent))
        external_id = self._write(desk, sent, post, ticket=post.ticket)
        self._enqueue_change(connection, sent, payload)
        return AttemptResult(status=200, response=external_id)

    def _enqueue_change(self, connection: Helpdesk, sent: Delivery, post: TicketPost) -> None:
        """Enqueue the changes of a post's ticket, once; they are in no order, so they hold nothing back."""
        change = TicketChange(
            ticket=post.ticket, status=post.status, tags=post.tags, assignee=post.assignee, group=post.group
        )
        if change.is_empty:
            return
        with suppress(IntegrityError), self._store.begin() as tx:  # an earlier attempt enqueued them
            outbox.enqueue_helpdesk_delivery(
                tx,
                connection,
                DeliveryKind.TICKET_CHANGE,
                change,
                type=sent.type,
                now=self._store.now(tx),
                conversation_id=sent.conversation_id,
                message_id=sent.message_id,
                id=f"{sent.id}c",
            )

    def _change(self, connection: Helpdesk, desk: Desk, sent: Delivery, change: TicketChange) -> AttemptResult:
        """Change a ticket; of what comes too late, only the tags are left."""
        if self._is_outdated(sent) or _is_taken(connection, desk, change):
            change = TicketChange(ticket=change.ticket, tags=change.tags)
        if change.is_empty:
            return _given_up("What came later replaced this change.")
        desk.change(Post(text="", public=False, **asdict(change)))
        return AttemptResult(status=200)

    def _is_outdated(self, sent: Delivery) -> bool:
        """Whether the status and the assignment of a change no longer fit, because a later change replaced them.

        Those of an answer do not fit either once the customer has written again or a human has the conversation.
        """
        later: list[sa.Select[Any]] = [
            sa.select(delivery.c.id).where(
                delivery.c.destination_id == sent.destination_id,
                delivery.c.conversation_id == sent.conversation_id,
                delivery.c.kind == DeliveryKind.TICKET_CHANGE,
                delivery.c.created_at > sent.created_at,
            )
        ]
        if sent.type == f"message.{EventType.ANSWERED}":
            answered = sa.select(message.c.seq).where(message.c.id == sent.message_id).scalar_subquery()
            newer = sa.select(message.c.id).where(
                message.c.conversation_id == sent.conversation_id,
                message.c.role == Role.CUSTOMER,
                message.c.state != MessageState.CANCELLED,  # automatic mail
                message.c.seq > answered,
            )
            owned = sa.select(conversation.c.id).where(
                conversation.c.id == sent.conversation_id, conversation.c.owner == Owner.HUMAN
            )
            later += [newer, owned]
        with self._store.read() as connection:
            return any(connection.execute(found.limit(1)).first() is not None for found in later)

    def _notify(self, connection: Helpdesk, desk: Desk, sent: Delivery, notification: Notification) -> AttemptResult:
        """Notify agents of a handoff, or of what follows it: in the thread of the conversation where there is one."""
        is_handoff = sent.kind == DeliveryKind.NOTIFICATION
        if connection.kind == "email":
            thread = sent.id
        else:
            thread = self._thread(sent)
            if not thread and not is_handoff:
                return _given_up("Nobody was told of the handoff here.")
        text = self._with_link(notification.text, sent) if is_handoff else notification.text
        post = Post(ticket=thread, text=text, public=False, loud=is_handoff)
        return AttemptResult(status=200, response=self._write(desk, sent, post, ticket=_conversation(sent)))

    def _thread(self, sent: Delivery) -> str:
        """Return the thread of the first notification about a delivery's conversation; empty when there is none."""
        first = (
            sa.select(helpdesk_message.c.external_id)
            .where(
                helpdesk_message.c.helpdesk_id == self._helpdesk_id,
                helpdesk_message.c.ticket == sent.conversation_id,
                helpdesk_message.c.id != sent.id,
                helpdesk_message.c.external_id.is_not(None),
            )
            .order_by(helpdesk_message.c.created_at)
            .limit(1)
        )
        with self._store.read() as connection:
            return connection.execute(first).scalar() or ""

    def _with_link(self, text: str, sent: Delivery) -> str:
        url = self._conversation_url(sent.workspace_id)
        return f"{text}\n\n{url.replace('{id}', _conversation(sent))}" if url else text

    def _write(self, desk: Desk, sent: Delivery, post: Post, *, ticket: str) -> str:
        """Write once and return the helpdesk's id of what was written.

        A row is committed before the call and gets the id after it. So a row without an id says that an attempt may
        have written: the next one looks for it first.

        Args:
            ticket: the ticket, or the conversation where there are no tickets.
        """
        row_id = helpdesk_message.c.id == sent.id
        name = digest(post.text)
        with self._store.begin() as tx:
            known = tx.execute(sa.select(helpdesk_message.c.external_id).where(row_id)).first()
            if known is None:
                tx.execute(
                    helpdesk_message.insert().values(
                        id=sent.id,
                        workspace_id=sent.workspace_id,
                        helpdesk_id=self._helpdesk_id,
                        ticket=ticket,
                        direction="out",
                        digest=name,
                        created_at=self._now,
                    )
                )
        if known is not None and known.external_id is not None:
            return str(known.external_id)
        external_id = None if known is None else self._find(desk, post, name)
        if external_id is None:
            if not is_held(self._store, sent):
                raise HelpdeskRefused("The attempt took too long; another makes it.")
            external_id = desk.post(post)
        with self._store.begin() as tx:
            taken = sa.select(helpdesk_message.c.id).where(
                helpdesk_message.c.helpdesk_id == self._helpdesk_id, helpdesk_message.c.external_id == external_id
            )
            if tx.execute(taken).first() is None:  # its own webhook may have come first
                tx.execute(helpdesk_message.update().where(row_id).values(external_id=external_id))
        return external_id

    def _find(self, desk: Desk, post: Post, name: str) -> str | None:
        """Return the id of what an earlier attempt wrote whose answer was lost, or None."""
        listed = desk.find(post.ticket) or ()
        found = {posted.id for posted in listed if (posted.digest or digest(posted.text)) == name}
        if not found:
            return None
        known = sa.select(helpdesk_message.c.external_id).where(
            helpdesk_message.c.helpdesk_id == self._helpdesk_id, helpdesk_message.c.external_id.in_(found)
        )
        with self._store.read() as connection:
            found -= set(connection.execute(known).scalars())
        return max(found, default=None)


def open_desk(
    connection: Helpdesk, caller: Caller, mail: MailServer | None, *, open_secret: Callable[[str], str]
) -> Desk:
    """Return the client of a connected helpdesk; `open_secret` opens what is sealed in its row.

    Raises:
        SecretsUnreadable: its token or its secret was sealed with another key.
    """
    account = Account(
        id=connection.id,
        url=connection.url,
        token=open_secret(connection.token),
        webhook_secret=open_secret(connection.webhook_secret),
        options=connection.options or {},
        mail=mail,
    )
    return KINDS[connection.kind](account, caller)


def _is_taken(connection: Helpdesk, desk: Desk, change: TicketChange) -> bool:
    """Whether an agent has a ticket whom its change does not name: what they did with it since is not undone.

    Where assignments say nothing about who works on a ticket, nobody has it.
    """
    if not (change.status or change.assignee or change.group):
        return False
    if not (connection.options or {}).get("assigned_takes_over", True):
        return False
    return desk.assignee(change.ticket) not in (None, "", change.assignee)


def _given_up(reason: str) -> AttemptResult:
    return AttemptResult(status=None, error=reason, final=True)


def _conversation(sent: Delivery) -> str:
    if sent.conversation_id is None:
        raise ValueError(f"The delivery {sent.id} of the kind {sent.kind} has no conversation.")
    return sent.conversation_id
