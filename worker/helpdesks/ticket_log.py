"""The record of the helpdesks' tickets: messages taken and posted, webhooks received, last states."""

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from worker.deliveries.outbox import MAX_TICKET
from worker.errors import NotFound
from worker.helpdesks.protocol import TicketEvent, digest
from worker.ids import new_id
from worker.states import DeliveryState, TicketAspect
from worker.store.engine import Store
from worker.store.rows import Helpdesk
from worker.store.tables import delivery, helpdesk_message, inbound_webhook, ticket_state
from worker.store.upsert import upsert_into

_MAX_ID = 200
_KEPT_MS = 30 * 86_400_000


class TicketLog:
    """Tells events that were applied before, and echoes of the bot's own posts, from new ones."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now = store.clock.sql()

    def has_webhook(self, desk: Helpdesk, webhook_id: str) -> bool:
        """Whether a webhook was received before."""
        known = sa.select(inbound_webhook.c.webhook_id).where(
            inbound_webhook.c.helpdesk_id == desk.id, inbound_webhook.c.webhook_id == webhook_id[:_MAX_ID]
        )
        with self._store.read() as connection:
            return connection.execute(known).first() is not None

    def add_webhook(self, desk: Helpdesk, webhook_id: str) -> None:
        """Record that a webhook was received and applied."""
        row = {
            "helpdesk_id": desk.id,
            "webhook_id": webhook_id[:_MAX_ID],
            "workspace_id": desk.workspace_id,
            "created_at": self._now,
        }
        with self._store.begin() as tx:
            tx.execute(upsert_into(self._store, inbound_webhook).values(**row).on_conflict_do_nothing())

    def end_accepted(self, delivery_id: str) -> None:
        """Forget accepted events that were applied; those that a worker is about to apply stay."""
        with self._store.begin() as tx:
            tx.execute(
                delivery.delete().where(
                    delivery.c.id == delivery_id,
                    delivery.c.attempts == 0,
                    delivery.c.state == DeliveryState.PENDING,
                )
            )

    def clean_up(self, *, limit: int) -> None:
        """Forget webhooks that were received more than a month ago."""
        key = (inbound_webhook.c.helpdesk_id, inbound_webhook.c.webhook_id)
        old = (
            sa.select(*key)
            .where(inbound_webhook.c.created_at < self._now - _KEPT_MS)
            .order_by(inbound_webhook.c.created_at)
            .limit(limit)
        )
        with self._store.read() as connection:
            found = [tuple(row) for row in connection.execute(old)]
        if found:
            with self._store.begin() as tx:
                tx.execute(inbound_webhook.delete().where(sa.tuple_(*key).in_(found)))

    def state_changed(self, desk: Helpdesk, ticket: str, aspect: TicketAspect, value: str) -> bool:
        """Whether an aspect of a ticket differs from its last known state."""
        known = sa.select(ticket_state.c.digest).where(
            ticket_state.c.helpdesk_id == desk.id,
            ticket_state.c.ticket == ticket[:MAX_TICKET],
            ticket_state.c.aspect == aspect,
        )
        with self._store.read() as connection:
            return connection.execute(known).scalar() != digest(value)

    def set_state(self, desk: Helpdesk, ticket: str, aspect: TicketAspect, value: str) -> None:
        """Record the state of an aspect of a ticket, once its effects are committed."""
        row = {
            "helpdesk_id": desk.id,
            "ticket": ticket[:MAX_TICKET],
            "aspect": aspect,
            "workspace_id": desk.workspace_id,
            "digest": digest(value),
            "updated_at": self._now,
        }
        insert = upsert_into(self._store, ticket_state).values(**row)
        changed = insert.on_conflict_do_update(
            index_elements=[ticket_state.c.helpdesk_id, ticket_state.c.ticket, ticket_state.c.aspect],
            set_={"digest": insert.excluded.digest, "updated_at": insert.excluded.updated_at},
        )
        with self._store.begin() as tx:
            tx.execute(changed)

    def has_message(self, desk: Helpdesk, message_id: str | None) -> bool:
        """Whether a message of a helpdesk is known."""
        if message_id is None:
            return False
        known = sa.select(helpdesk_message.c.id).where(
            helpdesk_message.c.helpdesk_id == desk.id, helpdesk_message.c.external_id == message_id
        )
        with self._store.read() as connection:
            return connection.execute(known).first() is not None

    def add_message(self, tx: sa.Connection, desk: Helpdesk, event: TicketEvent) -> None:
        """Record a message of a helpdesk in the transaction that takes it.

        Raises:
            IntegrityError: another transaction took it first.
        """
        if event.message_id is None:
            return
        tx.execute(
            helpdesk_message.insert().values(
                id=new_id("hdm"),
                workspace_id=desk.workspace_id,
                helpdesk_id=desk.id,
                ticket=event.ticket[:MAX_TICKET],
                external_id=event.message_id[:_MAX_ID],
                direction="in",
                digest="",  # only those of the bot's own posts are compared
                created_at=self._now,
            )
        )

    def is_echo(self, desk: Helpdesk, event: TicketEvent) -> bool:
        """Whether an event echoes a post of the bot that is under way, whose id is not known yet; records the id."""
        under_way = (
            sa.select(helpdesk_message.c.id)
            .where(
                helpdesk_message.c.helpdesk_id == desk.id,
                helpdesk_message.c.ticket == event.ticket,
                helpdesk_message.c.digest == digest(event.text),
                helpdesk_message.c.direction == "out",
                helpdesk_message.c.external_id.is_(None),
            )
            .order_by(helpdesk_message.c.created_at)
            .limit(1)
        )
        try:
            with self._store.begin() as tx:
                found = tx.execute(under_way).scalar()
                if found is None:
                    return False
                posted = helpdesk_message.update().where(helpdesk_message.c.id == found)
                tx.execute(posted.values(external_id=event.message_id))
                return True
        except IntegrityError:  # its id was recorded meanwhile
            return True

    def conversation_of_thread(self, desk: Helpdesk, thread: str) -> str:
        """Return the conversation whose handoff began a thread.

        Raises:
            NotFound: there is none.
        """
        first = sa.select(helpdesk_message.c.ticket).where(
            helpdesk_message.c.helpdesk_id == desk.id,
            helpdesk_message.c.external_id == thread,
            helpdesk_message.c.direction == "out",
        )
        with self._store.read() as connection:
            conversation_id = connection.execute(first).scalar()
        if conversation_id is None:
            raise NotFound("There is no conversation for this thread.")
        return str(conversation_id)
