"""The parts that transactions on conversations are made of.

Every step starts by changing the conversation's row, so steps on one conversation never overlap. The statements of a
turn are built once: building one costs more than running it.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from worker.conversations import escalations
from worker.conversations.events import record_conversation_event, record_events
from worker.conversations.fan_out import enqueue_conversation_deliveries, enqueue_message_deliveries
from worker.conversations.intake import UNHEARD_MS
from worker.conversations.outcomes import Handoff
from worker.errors import NotFound
from worker.states import EventType, HandoffReason, MailboxState, MessageState, Owner
from worker.store.engine import Prepared, Store
from worker.store.rows import Conversation, Message
from worker.store.tables import OPEN_MESSAGE, conversation, message
from worker.time import to_rfc3339

#: The columns that `Ledger.settle` sets in any case.
_SETTLED = ("mailbox", "due_at", "ready_at", "lease_holder", "next_seq", "history")


class Ledger:
    """Reads and changes conversations inside a transaction that the caller holds."""

    def __init__(self, store: Store) -> None:
        self.now = store.clock.sql()
        of_conversation = message.c.conversation_id == sa.bindparam("conversation")
        open_ = sa.select(message).where(of_conversation, OPEN_MESSAGE).order_by(message.c.seq)
        self._open = open_.limit(sa.bindparam("limit"))
        self._under_fence = open_.where(
            message.c.state == MessageState.RUNNING, message.c.fence == sa.bindparam("token")
        )
        self._any_open = sa.select(message.c.id).where(of_conversation, OPEN_MESSAGE)
        settle = (
            conversation.update()
            .where(conversation.c.id == sa.bindparam("conversation"))
            .values({name: sa.bindparam(f"new_{name}") for name in _SETTLED})
        )
        parameters = ("conversation", *(f"new_{name}" for name in _SETTLED))
        self._settle = Prepared(settle, parameters, store.engine.dialect)

    def touch(self, tx: sa.Connection, *where: sa.ColumnElement[bool], **values: Any) -> Conversation:
        """Lock a conversation and return it; its `updated_at` is the time of this transaction.

        Raises:
            NotFound: there is none.
        """
        changed = conversation.update().where(*where).values(updated_at=self.now, **values).returning(*conversation.c)
        row = tx.execute(changed).mappings().first()
        if row is None:
            raise NotFound("There is no conversation with this id.")
        return Conversation.from_row(row)

    def seize(self, tx: sa.Connection, *where: sa.ColumnElement[bool]) -> Conversation:
        """Lock a conversation, fence off the worker that holds it, and return it.

        Raises:
            NotFound: there is none.
        """
        return self.touch(tx, *where, lease_token=conversation.c.lease_token + 1)

    def update(self, tx: sa.Connection, locked: Conversation, **values: Any) -> None:
        """Change a locked conversation."""
        tx.execute(conversation.update().where(conversation.c.id == locked.id).values(**values))

    def settle(self, tx: sa.Connection, locked: Conversation, *, more: bool | None = None, **values: Any) -> bool:
        """Leave the mailbox ready if a message is open in it, else idle; return whether it is ready.

        Args:
            more: whether a message is open, where the caller knows it.
            values: other columns to set.
        """
        if more is None:
            more = tx.execute(self._any_open, {"conversation": locked.id}).first() is not None
        new = {
            "mailbox": MailboxState.READY if more else MailboxState.IDLE,
            "due_at": locked.updated_at + UNHEARD_MS if more else None,
            "ready_at": locked.updated_at if more else None,
            "lease_holder": None,
            "next_seq": values.pop("next_seq", locked.next_seq),
            "history": values.pop("history", locked.history),
        }
        self._settle.run(tx, {"conversation": locked.id, **{f"new_{name}": value for name, value in new.items()}})
        if values:
            self.update(tx, locked, **values)
        return more

    def open_messages(self, tx: sa.Connection, conversation_id: str, *, limit: int = 1_000) -> list[Message]:
        """Return the messages that have not ended, oldest first."""
        rows = tx.execute(self._open, {"conversation": conversation_id, "limit": limit}).mappings()
        return [Message.from_row(row) for row in rows]

    def held_messages(self, tx: sa.Connection, conversation_id: str, token: int) -> list[Message]:
        """Return the messages that are worked on under this fencing token, oldest first."""
        rows = tx.execute(self._under_fence, {"conversation": conversation_id, "token": token}).mappings()
        return [Message.from_row(row) for row in rows]

    def hand_off(self, tx: sa.Connection, locked: Conversation, messages: Sequence[Message], handoff: Handoff) -> None:
        """End `messages` with the handoff and all others that are open with them, and make a human the owner."""
        now = locked.updated_at
        escalation_id = self._escalation(tx, locked, messages, handoff)
        data = handoff.to_api() | {"escalation_id": escalation_id}
        ids = [handed_off.id for handed_off in messages]
        error = None if handoff.error is None else dict(handoff.error)
        draft = None if handoff.draft is None else handoff.draft.to_row()
        self._end(tx, ids, handoff, data, now=now, error=error, retrieved=handoff.retrieved, draft=draft)
        behind = [waiting for waiting in self.open_messages(tx, locked.id) if waiting.id not in ids]
        owned = data | {"reason": HandoffReason.OWNED_BY_HUMAN, "category": HandoffReason.OWNED_BY_HUMAN}
        self._end(tx, [waiting.id for waiting in behind], handoff, owned, now=now)
        self.settle(
            tx,
            locked,
            more=False,
            owner=Owner.HUMAN,
            handoff={**data, "at": to_rfc3339(now)},
            waiting_since=self._waiting_since(locked, messages),
            history=locked.history + 1,
        )
        # Deliveries are sent in the order of their events: the handoff comes before what the customer wrote after it.
        events = record_events(tx, messages, EventType.HANDED_OFF, now=now, data=data)
        enqueue_message_deliveries(tx, messages, events)
        if locked.owner != Owner.HUMAN:
            event = record_conversation_event(tx, locked, EventType.CONVERSATION_HANDED_OFF, now=now, data=data)
            enqueue_conversation_deliveries(tx, locked, event)
        events = record_events(tx, behind, EventType.HANDED_OFF, now=now, data=owned)
        enqueue_message_deliveries(tx, behind, events)

    def _escalation(
        self, tx: sa.Connection, locked: Conversation, messages: Sequence[Message], handoff: Handoff
    ) -> str | None:
        """Return the id of the handoff's escalation; an agent who took over needs none."""
        if handoff.reason == HandoffReason.OWNED_BY_HUMAN:
            return escalations.undone(tx, locked.id)
        last_id = messages[-1].id if messages else None
        return escalations.raise_for(tx, locked, handoff.to_api(), message_id=last_id, now=locked.updated_at)

    def _waiting_since(self, locked: Conversation, messages: Sequence[Message]) -> int:
        """Return since when the customer waits for a human, who has the conversation from now on."""
        if locked.waiting_since is not None:
            return locked.waiting_since
        return min([locked.updated_at, *(waiting.created_at for waiting in messages)])

    def _end(
        self, tx: sa.Connection, ids: Sequence[str], handoff: Handoff, data: dict[str, Any], *, now: int, **values: Any
    ) -> None:
        """End messages as handed off, with `data` as their handoff."""
        ended = {"state": MessageState.HANDED_OFF, "finished_at": now, "timings": dict(handoff.timings)}
        tx.execute(message.update().where(message.c.id.in_(ids)).values(handoff=data, **ended, **values))
