"""What comes from helpdesks: each thing once, whoever says it how often and in which order."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from worker.conversations.actions import ConversationActions
from worker.conversations.intake import Opening, Submission
from worker.deliveries import outbox
from worker.deliveries.tickets import NOTIFICATION_KINDS, desk_of, external_id
from worker.errors import Conflict, NotFound
from worker.helpdesks.protocol import Incoming, digest
from worker.ids import new_id
from worker.states import HandoffReason, Owner
from worker.store.engine import Store
from worker.store.tables import HOOK, OPEN_MESSAGE, UNSENT_DELIVERY, conversation, delivery, helpdesk_message, message
from worker.telemetry import logs

log = logs.get(__name__)

Row = Mapping[Any, Any]

_MAX_TEXT = 20_000

_KEPT_MS = 30 * 86_400_000


class Inbound:
    """Applies what a helpdesk tells. Safe to share between threads.

    Args:
        deadline_s: of each message.
    """

    def __init__(
        self,
        store: Store,
        actions: ConversationActions,
        *,
        deadline_s: float,
    ) -> None:
        self._store = store
        self._actions = actions
        self._deadline_s = deadline_s
        self._now = store.clock.sql()

    def receive(self, desk: Row, delivery_id: str | None, things: Iterable[Incoming]) -> None:
        """Apply a webhook, unless it came before."""
        things = list(things)
        if delivery_id is not None and things and self._was_here(desk, f"webhook {delivery_id}"):
            return
        passed_over = self.apply(desk, things)
        if delivery_id is not None and things and not passed_over:
            try:
                with self._store.begin() as tx:
                    self._keep(tx, desk, things[0].ticket, f"webhook {delivery_id}", "", direction="hook")
            except IntegrityError:  # its twin was quicker
                pass

    def apply(self, desk: Row, things: Iterable[Incoming]) -> bool:
        """Apply what was told, in order; return whether something was about a ticket that is not known.

        Workers are hinted at the end: by then it is known whose the ticket is.
        """
        passed_over = False
        with self._actions.notifications_at_end():
            for thing in things:
                if not thing.ticket:
                    continue
                try:
                    self._one(desk, thing)
                except NotFound:  # a ticket that was never asked about, or not yet
                    passed_over = True
                except Conflict as error:  # closed, or nobody's to resume: it is as it should be
                    log.info("helpdesk_event_passed_over", kind=thing.kind, reason=str(error))
        return passed_over

    def _one(self, desk: Row, thing: Incoming) -> None:
        """Apply one thing."""
        if thing.kind == "customer":
            self._customer(desk, thing)
        elif not thing.stands:
            self._happen(desk, thing)
        elif self._is_news(desk, thing):
            if self._standing(desk, thing):
                with suppress(Conflict):  # it is as it should be; told again once it is not, it would be no news
                    self._happen(desk, thing)
            self._stand(desk, thing)

    def _happen(self, desk: Row, thing: Incoming) -> None:
        if thing.kind == "agent":
            self._agent(desk, thing)
        elif thing.kind == "changed":
            self._look_later(desk, thing)
        elif thing.kind == "assigned":
            if desk["options"].get("assigned_takes_over", True):
                talk = self._talk(desk, thing)
                self._actions.take_over(
                    desk["workspace_id"], talk, summary="A person was assigned.", reason=HandoffReason.OWNED_BY_HUMAN
                )
        elif thing.kind == "closed":
            talk = self._talk(desk, thing)
            if not self._works_on(talk):  # what closed the ticket may be the bot's answer to what came before
                self._actions.close(desk["workspace_id"], talk)
        elif thing.kind == "resume" or (thing.kind == "tagged" and self._standing(desk, thing)):
            self._actions.resume(desk["workspace_id"], self._talk(desk, thing))

    def _works_on(self, talk: str) -> bool:
        """Whether the bot has a conversation and something waits in it."""
        waits = (
            sa.select(message.c.id)
            .join(conversation, conversation.c.id == message.c.conversation_id)
            .where(message.c.conversation_id == talk, conversation.c.owner == "bot", OPEN_MESSAGE)
        )
        with self._store.read() as connection:
            return connection.execute(waits).first() is not None

    def _customer(self, desk: Row, thing: Incoming) -> None:
        if self._was_here(desk, thing.message_id):
            return
        takes_over = desk["options"].get("assigned_takes_over", True)
        opening = Opening(
            subject=thing.subject[:500] if thing.subject else None,
            requester=dict(thing.author) or None,
            external_id=external_id(desk["id"], thing.ticket),
            channel=desk["kind"],
            helpdesk_id=desk["id"],
            owner=Owner.HUMAN if thing.owned and takes_over else Owner.BOT,
        )
        submission = Submission(content=_content(thing), deadline_s=self._deadline_s)
        try:
            self._actions.submit(
                desk["workspace_id"], opening, submission, in_transaction=lambda tx: self._seen(tx, desk, thing)
            )
        except IntegrityError:
            if not self._was_here(desk, thing.message_id):
                raise

    def _agent(self, desk: Row, thing: Incoming) -> None:
        if self._was_here(desk, thing.message_id) or self._is_ours(desk, thing):
            return
        talk = self._talk_of_agent(desk, thing)
        try:
            self._actions.reply(
                desk["workspace_id"],
                talk,
                content=_content(thing),
                author=thing.author.get("name") or "an agent",
                via=desk["id"],
                in_transaction=lambda tx: self._seen(tx, desk, thing),
            )
        except IntegrityError:
            if not self._was_here(desk, thing.message_id):
                raise
        except Conflict:
            if desk["kind"] in NOTIFICATION_KINDS:
                self._tell_thread(desk, talk, "Not sent: the conversation is closed.")
            raise
        else:
            if desk["kind"] in NOTIFICATION_KINDS and self._is_cut_off(talk):
                self._tell_thread(desk, talk, "Kept, but not sent: the helpdesk of this ticket is switched off.")

    def _is_cut_off(self, talk: str) -> bool:
        """Whether a conversation is a ticket of a helpdesk that nothing is written into."""
        with self._store.begin() as tx:
            known = tx.execute(sa.select(conversation.c.helpdesk_id).where(conversation.c.id == talk)).scalar()
            return known is not None and desk_of(tx, talk) is None

    def _tell_thread(self, desk: Row, talk: str, text: str) -> None:
        with self._store.begin() as tx:
            outbox.enqueue_deliveries(
                tx,
                desk["workspace_id"],
                "handoff.continued",
                {"text": text},
                now=self._store.now(tx),
                to=[(None, desk["url"])],
                lane=desk["id"],
                conversation_id=talk,
            )

    def _talk_of_agent(self, desk: Row, thing: Incoming) -> str:
        """Return the conversation of a ticket that an agent writes in; theirs from the start if there is none yet.

        An agent may write first, and a customer's webhook may come late.
        """
        try:
            return self._talk(desk, thing)
        except NotFound:
            if desk["kind"] in NOTIFICATION_KINDS:
                raise
        opened = self._actions.open(
            desk["workspace_id"],
            Opening(
                subject=thing.subject[:500] if thing.subject else None,
                external_id=external_id(desk["id"], thing.ticket),
                channel=desk["kind"],
                helpdesk_id=desk["id"],
                owner=Owner.HUMAN,
            ),
        )
        return str(opened["id"])

    def _is_news(self, desk: Row, thing: Incoming) -> bool:
        """Whether a ticket is otherwise than it was when it was told last."""
        self._talk(desk, thing)  # else nothing can be done about it now, and it shall be news later
        with self._store.read() as connection:
            before = connection.execute(sa.select(helpdesk_message.c.digest).where(_stood(desk, thing))).scalar()
        return before != digest(self._standing(desk, thing))

    def _standing(self, desk: Row, thing: Incoming) -> str:
        """Return how a ticket is, as far as it matters; nothing when it is as any other."""
        if thing.kind == "tagged":
            return "tagged" if desk["resume_tag"] and desk["resume_tag"] in thing.tags else ""
        return thing.value

    def _stand(self, desk: Row, thing: Incoming) -> None:
        """Keep how a ticket is, once what follows from it was done."""
        value = self._standing(desk, thing)
        named = helpdesk_message.update().where(_stood(desk, thing)).values(digest=digest(value))
        try:
            with self._store.begin() as tx:
                if not tx.execute(named).rowcount:
                    self._keep(tx, desk, thing.ticket, f"{thing.kind} of {thing.ticket}", value)
        except IntegrityError:  # a twin was quicker
            pass

    def _look_later(self, desk: Row, thing: Incoming) -> None:
        """Have a worker look at the ticket, unless one is about to: the front calls nobody."""
        waits = sa.select(delivery.c.id).where(
            delivery.c.lane == desk["id"],
            delivery.c.type == "helpdesk.look",
            delivery.c.message_id == thing.ticket[:48],
            delivery.c.attempts == 0,
            UNSENT_DELIVERY,
        )
        with self._store.begin() as tx:
            if tx.execute(waits).first() is not None:
                return
            outbox.enqueue_deliveries(
                tx,
                desk["workspace_id"],
                "helpdesk.look",
                {"ticket": thing.ticket},
                now=self._store.now(tx),
                to=[(None, desk["url"])],
                lane=desk["id"],
                message_id=thing.ticket[:48],
            )

    def _talk(self, desk: Row, thing: Incoming) -> str:
        if desk["kind"] in NOTIFICATION_KINDS:  # what was written there first names the conversation
            first = sa.select(helpdesk_message.c.ticket).where(
                helpdesk_message.c.helpdesk_id == desk["id"],
                helpdesk_message.c.external_id == thing.ticket,
                helpdesk_message.c.direction == "out",
            )
            with self._store.read() as connection:
                talk = connection.execute(first).scalar()
            if talk is None:
                raise NotFound("There is no conversation for this thread.")
            return str(talk)
        named = (
            conversation.c.workspace_id == desk["workspace_id"],
            conversation.c.external_id == external_id(desk["id"], thing.ticket),
        )
        with self._store.read() as connection:
            id = connection.execute(sa.select(conversation.c.id).where(*named)).scalar()
        if id is None:
            raise NotFound("There is no conversation for this ticket.")
        return str(id)

    def _was_here(self, desk: Row, external: str | None) -> bool:
        if external is None:
            return False
        known = sa.select(helpdesk_message.c.id).where(
            helpdesk_message.c.helpdesk_id == desk["id"], helpdesk_message.c.external_id == external
        )
        with self._store.read() as connection:
            return connection.execute(known).first() is not None

    def _is_ours(self, desk: Row, thing: Incoming) -> bool:
        """Whether this echoes what is being written now, of which the id is not known yet."""
        being_written = (
            sa.select(helpdesk_message.c.id)
            .where(
                helpdesk_message.c.helpdesk_id == desk["id"],
                helpdesk_message.c.ticket == thing.ticket,
                helpdesk_message.c.digest == digest(thing.text),
                helpdesk_message.c.direction == "out",
                helpdesk_message.c.external_id.is_(None),
            )
            .order_by(helpdesk_message.c.created_at)
            .limit(1)
        )
        try:
            with self._store.begin() as tx:
                found = tx.execute(being_written).scalar()
                if found is None:
                    return False
                named = helpdesk_message.update().where(helpdesk_message.c.id == found)
                tx.execute(named.values(external_id=thing.message_id))
                return True
        except IntegrityError:  # its id was kept meanwhile
            return True

    def _seen(self, tx: sa.Connection, desk: Row, thing: Incoming) -> None:
        if thing.message_id is not None:
            self._keep(tx, desk, thing.ticket, thing.message_id, thing.text)

    def _keep(
        self, tx: sa.Connection, desk: Row, ticket: str, external: str, text: str, *, direction: str = "in"
    ) -> None:
        tx.execute(
            helpdesk_message.insert().values(
                id=new_id("hdm"),
                workspace_id=desk["workspace_id"],
                helpdesk_id=desk["id"],
                ticket=ticket[:100],
                external_id=external[:200],
                direction=direction,
                digest=digest(text),
                created_at=self._now,
            )
        )

    def clean_up(self, *, limit: int = 500) -> None:
        """Forget which webhooks came, after a month: no helpdesk repeats one so late."""
        old = (HOOK, helpdesk_message.c.created_at < self._now - _KEPT_MS)
        with self._store.read() as connection:
            ids = list(connection.execute(sa.select(helpdesk_message.c.id).where(*old).limit(limit)).scalars())
        if ids:
            with self._store.begin() as tx:
                tx.execute(helpdesk_message.delete().where(helpdesk_message.c.id.in_(ids)))


def _stood(desk: Row, thing: Incoming) -> sa.ColumnElement[bool]:
    return sa.and_(
        helpdesk_message.c.helpdesk_id == desk["id"],
        helpdesk_message.c.external_id == f"{thing.kind} of {thing.ticket}",
    )


def _content(thing: Incoming) -> str:
    """Return what is kept of a text; what has none, such as a picture alone, is a message all the same."""
    return thing.text.replace("\x00", "")[:_MAX_TEXT].strip() or "(no text)"
