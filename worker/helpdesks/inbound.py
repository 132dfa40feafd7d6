"""Apply what helpdesks report: each event once, in whatever order and however often it comes."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from worker.conversations.actions import ConversationActions
from worker.conversations.intake import Opening, Submission
from worker.deliveries import outbox
from worker.deliveries.payloads import Notification, TicketEvents, TicketRead
from worker.deliveries.tickets import NOTIFICATION_KINDS, external_id, writable_ticket
from worker.errors import Conflict, DatabaseUnavailable, NotFound
from worker.helpdesks.protocol import TicketEvent
from worker.helpdesks.ticket_log import TicketLog
from worker.reading.characters import clean
from worker.reading.subjects import NO_TEXT
from worker.states import DeliveryKind, HandoffReason, Owner, TicketAspect, TicketEventKind
from worker.store.engine import Store
from worker.store.rows import Helpdesk
from worker.store.tables import OPEN_MESSAGE, UNSENT_DELIVERY, conversation, delivery, message
from worker.telemetry import logs

log = logs.get(__name__)

_MAX_TEXT = 20_000

#: How long the events of an accepted webhook may take to be applied before a worker applies them.
_ACCEPTED_MS = 30_000


class Inbound:
    """Applies the events of helpdesks. Safe to share between threads.

    Args:
        deadline_s: of each message.
        hint: hints workers at a destination that has due deliveries; never fails.
    """

    def __init__(
        self,
        store: Store,
        actions: ConversationActions,
        *,
        deadline_s: float,
        hint: Callable[[str], None],
    ) -> None:
        self._store = store
        self._actions = actions
        self._deadline_s = deadline_s
        self._hint = hint
        self._log = TicketLog(store)

    def receive(self, desk: Helpdesk, webhook_id: str | None, events: Iterable[TicketEvent]) -> None:
        """Accept the events of a webhook, unless it was received before, and apply them.

        Accepted events are in the database: should applying them fail, a worker does it later. Not every helpdesk
        sends a webhook again.

        Raises:
            DatabaseUnavailable: nothing was accepted.
        """
        events = [event for event in events if event.ticket]
        if not events or (webhook_id is not None and self._log.has_webhook(desk, webhook_id)):
            return
        accepted = self._accept(desk, events)
        try:
            unknown = self.apply(desk, events)
            if webhook_id is not None and not unknown:
                self._log.add_webhook(desk, webhook_id)
            self._log.end_accepted(accepted)
        except DatabaseUnavailable as error:
            log.warning("helpdesk_events_postponed", delivery_id=accepted, reason=str(error))

    def apply(self, desk: Helpdesk, events: Iterable[TicketEvent]) -> bool:
        """Apply events in order; return whether one was about an unknown ticket.

        Workers are hinted at the end: by then it is known who owns the conversation.
        """
        unknown = False
        with self._actions.notifications_at_end():
            for event in events:
                if not event.ticket:
                    continue
                try:
                    self._apply(desk, event)
                except NotFound:  # a ticket with which the bot has nothing to do, or not yet
                    unknown = True
                except Conflict as error:  # the conversation is closed, or has nothing to resume
                    log.info("helpdesk_event_passed_over", kind=event.kind, reason=str(error))
        return unknown

    def clean_up(self, *, limit: int = 500) -> None:
        """Forget webhooks that were received more than a month ago: no helpdesk repeats one so late."""
        self._log.clean_up(limit=limit)

    def _accept(self, desk: Helpdesk, events: list[TicketEvent]) -> str:
        """Store events that are about to be applied; return the id of the delivery that applies them if they are not.

        All events of a webhook are about one ticket.
        """
        with self._store.begin() as tx:
            return outbox.enqueue_helpdesk_delivery(
                tx,
                desk,
                DeliveryKind.TICKET_EVENTS,
                TicketEvents(ticket=events[0].ticket, events=tuple(map(_as_json, events))),
                type=outbox.TICKET_CHANGED,
                now=self._store.now(tx),
                delay_ms=_ACCEPTED_MS,
            )

    def _apply(self, desk: Helpdesk, event: TicketEvent) -> None:
        """Apply one event."""
        if event.kind == TicketEventKind.CUSTOMER:
            self._customer(desk, event)
            return
        if not event.is_state:
            self._act(desk, event)
            return
        aspect, value = TicketAspect(event.kind), _state_of(desk, event)
        self._conversation(desk, event)  # an unknown ticket's state is not recorded, so that it has an effect later
        if self._log.state_changed(desk, event.ticket, aspect, value):
            if value:
                with suppress(Conflict):  # the conversation is in this state already
                    self._act(desk, event)
            self._log.set_state(desk, event.ticket, aspect, value)

    def _act(self, desk: Helpdesk, event: TicketEvent) -> None:
        if event.kind == TicketEventKind.AGENT:
            self._agent(desk, event)
        elif event.kind == TicketEventKind.POSTED:
            self._log.is_echo(desk, event)
        elif event.kind == TicketEventKind.CHANGED:
            self._enqueue_read(desk, event)
        elif event.kind == TicketEventKind.ASSIGNED:
            if desk.options.get("assigned_takes_over", True):
                self._actions.take_over(
                    desk.workspace_id,
                    self._conversation(desk, event),
                    summary="An agent was assigned.",
                    reason=HandoffReason.OWNED_BY_HUMAN,
                )
        elif event.kind == TicketEventKind.GONE:
            self._actions.close(desk.workspace_id, self._conversation(desk, event))
        elif event.kind == TicketEventKind.CLOSED:
            conversation_id = self._conversation(desk, event)
            if not self._bot_works_on(conversation_id):  # the bot's last answer may have closed the ticket
                self._actions.close(desk.workspace_id, conversation_id)
        elif event.kind == TicketEventKind.RESUME or _has_resume_tag(desk, event):
            self._actions.resume(desk.workspace_id, self._conversation(desk, event))

    def _bot_works_on(self, conversation_id: str) -> bool:
        """Whether the bot owns a conversation and a message is open in it."""
        waits = (
            sa.select(message.c.id)
            .join(conversation, conversation.c.id == message.c.conversation_id)
            .where(message.c.conversation_id == conversation_id, conversation.c.owner == Owner.BOT, OPEN_MESSAGE)
        )
        with self._store.read() as connection:
            return connection.execute(waits).first() is not None

    def _customer(self, desk: Helpdesk, event: TicketEvent) -> None:
        if self._log.has_message(desk, event.message_id):
            return
        takes_over = desk.options.get("assigned_takes_over", True)
        opening = Opening(
            subject=event.subject[:500] if event.subject else None,
            requester=dict(event.author) or None,
            external_id=external_id(desk.id, event.ticket),
            channel=desk.kind,
            helpdesk_id=desk.id,
            owner=Owner.HUMAN if event.owned and takes_over else Owner.BOT,
        )
        submission = Submission(
            content=_content(event), deadline_s=self._deadline_s, declared_automatic=event.automatic
        )
        try:
            self._actions.submit(
                desk.workspace_id,
                opening,
                submission,
                in_transaction=lambda tx: self._log.add_message(tx, desk, event),
            )
        except IntegrityError:
            if not self._log.has_message(desk, event.message_id):
                raise

    def _agent(self, desk: Helpdesk, event: TicketEvent) -> None:
        if self._log.has_message(desk, event.message_id) or self._log.is_echo(desk, event):
            return
        conversation_id = self._conversation_of_agent(desk, event)
        if desk.kind in NOTIFICATION_KINDS and not event.text:
            reason = f"Not sent: only text goes to the customer, no file ({_names(event)})."
            self._tell_thread(desk, conversation_id, reason)
            return
        try:
            self._actions.reply(
                desk.workspace_id,
                conversation_id,
                content=_content(event),
                author=event.author.get("name") or "an agent",
                via=desk.id,
                in_transaction=lambda tx: self._log.add_message(tx, desk, event),
            )
        except IntegrityError:
            if not self._log.has_message(desk, event.message_id):
                raise
        except Conflict:
            if desk.kind in NOTIFICATION_KINDS:
                self._tell_thread(desk, conversation_id, "Not sent: the conversation is closed.")
            raise
        else:
            if desk.kind in NOTIFICATION_KINDS and self._is_cut_off(conversation_id):
                reason = "Kept, but not sent: the helpdesk of this ticket is switched off."
                self._tell_thread(desk, conversation_id, reason)
            elif event.files:
                self._tell_thread(desk, conversation_id, f"Sent without the file ({_names(event)}): only text is sent.")

    def _is_cut_off(self, conversation_id: str) -> bool:
        """Whether a conversation is a ticket of a helpdesk that nothing is written into."""
        with self._store.begin() as tx:
            known = tx.execute(sa.select(conversation.c.helpdesk_id).where(conversation.c.id == conversation_id))
            return known.scalar() is not None and writable_ticket(tx, conversation_id) is None

    def _tell_thread(self, desk: Helpdesk, conversation_id: str, text: str) -> None:
        with self._store.begin() as tx:
            outbox.enqueue_helpdesk_delivery(
                tx,
                desk,
                DeliveryKind.NOTIFICATION_UPDATE,
                Notification(text=text),
                type="message.replied",
                now=self._store.now(tx),
                conversation_id=conversation_id,
            )
        self._hint(desk.id)

    def _conversation_of_agent(self, desk: Helpdesk, event: TicketEvent) -> str:
        """Return the conversation of a ticket that an agent writes in, opened for them if there is none yet.

        An agent may write first, and a customer's webhook may come late.
        """
        try:
            return self._conversation(desk, event)
        except NotFound:
            if desk.kind in NOTIFICATION_KINDS:
                raise
        opened = self._actions.open(
            desk.workspace_id,
            Opening(
                subject=event.subject[:500] if event.subject else None,
                external_id=external_id(desk.id, event.ticket),
                channel=desk.kind,
                helpdesk_id=desk.id,
                owner=Owner.HUMAN,
            ),
        )
        return str(opened["id"])

    def _enqueue_read(self, desk: Helpdesk, event: TicketEvent) -> None:
        """Have a worker read the ticket, unless one is about to: the front makes no calls."""
        waits = sa.select(delivery.c.id).where(
            delivery.c.destination_id == desk.id,
            delivery.c.kind == DeliveryKind.TICKET_READ,
            delivery.c.ticket == event.ticket[: outbox.MAX_TICKET],
            delivery.c.attempts == 0,
            UNSENT_DELIVERY,
        )
        with self._store.begin() as tx:
            if tx.execute(waits).first() is not None:
                return
            outbox.enqueue_helpdesk_delivery(
                tx,
                desk,
                DeliveryKind.TICKET_READ,
                TicketRead(ticket=event.ticket),
                type=outbox.TICKET_CHANGED,
                now=self._store.now(tx),
            )
        self._hint(desk.id)

    def _conversation(self, desk: Helpdesk, event: TicketEvent) -> str:
        """Return the id of the conversation that a ticket or thread belongs to.

        Raises:
            NotFound: there is none.
        """
        if desk.kind in NOTIFICATION_KINDS:
            return self._log.conversation_of_thread(desk, event.ticket)
        named = (
            conversation.c.workspace_id == desk.workspace_id,
            conversation.c.external_id == external_id(desk.id, event.ticket),
        )
        with self._store.read() as connection:
            id = connection.execute(sa.select(conversation.c.id).where(*named)).scalar()
        if id is None:
            raise NotFound("There is no conversation for this ticket.")
        return str(id)


def events_of(payload: TicketEvents) -> list[TicketEvent]:
    """Return accepted events as they were reported."""
    return [
        TicketEvent(
            **{
                **event,
                "kind": TicketEventKind(event["kind"]),
                "tags": tuple(event["tags"]),
                "files": tuple(event["files"]),
            }
        )
        for event in payload.events
    ]


def _as_json(event: TicketEvent) -> dict[str, Any]:
    return {**asdict(event), "text": event.text[:_MAX_TEXT], "author": dict(event.author)}


def _names(event: TicketEvent) -> str:
    return ", ".join(event.files)


def _state_of(desk: Helpdesk, event: TicketEvent) -> str:
    """Return the state that an event reports, as far as it has an effect; empty for the ordinary one."""
    if event.kind == TicketEventKind.TAGGED:
        return "tagged" if _has_resume_tag(desk, event) else ""
    return event.value


def _has_resume_tag(desk: Helpdesk, event: TicketEvent) -> bool:
    return desk.resume_tag is not None and desk.resume_tag in event.tags


def _content(event: TicketEvent) -> str:
    """Return the text of a message as it is kept; one without text, such as a picture alone, is a message too."""
    return clean(event.text)[:_MAX_TEXT].strip() or NO_TEXT
