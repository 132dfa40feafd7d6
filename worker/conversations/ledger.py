"""The parts that transactions on conversations are made of.

Every step starts by changing the conversation's row, so steps on one conversation never overlap. The statements of a
turn are built once: building one costs more than running it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from worker.conversations import escalations
from worker.conversations.events import announce_conversation, announce_messages
from worker.conversations.intake import UNHEARD_MS
from worker.conversations.outcomes import Handoff
from worker.errors import NotFound
from worker.states import HandoffReason, MailboxState, MessageState, Owner
from worker.store.engine import Store
from worker.store.tables import OPEN_MESSAGE, conversation, message
from worker.time import to_rfc3339

Row = Mapping[Any, Any]


class Ledger:
    """Reads and changes conversations inside a transaction that the caller holds."""

    def __init__(self, store: Store) -> None:
        self.now = store.clock.sql()
        open_ = (
            sa.select(message)
            .where(message.c.conversation_id == sa.bindparam("talk"), OPEN_MESSAGE)
            .order_by(message.c.seq)
        )
        self._open = open_.limit(sa.bindparam("limit"))
        self._under_fence = open_.where(
            message.c.state == MessageState.RUNNING, message.c.fence == sa.bindparam("token")
        )
        self._any_open = sa.select(message.c.id).where(message.c.conversation_id == sa.bindparam("talk"), OPEN_MESSAGE)
        self._settle = (
            conversation.update()
            .where(conversation.c.id == sa.bindparam("talk"))
            .values(
                {
                    name: sa.bindparam(f"new_{name}")
                    for name in ("mailbox", "due_at", "ready_at", "lease_holder", "next_seq", "history")
                }
            )
        )

    def touch(self, tx: sa.Connection, *where: sa.ColumnElement[bool], **values: Any) -> Row:
        """Lock a conversation and return it; its `updated_at` is the time of this transaction.

        Raises:
            NotFound: there is none.
        """
        changed = conversation.update().where(*where).values(updated_at=self.now, **values).returning(*conversation.c)
        row = tx.execute(changed).mappings().first()
        if row is None:
            raise NotFound("There is no conversation with this id.")
        return row

    def seize(self, tx: sa.Connection, *where: sa.ColumnElement[bool]) -> Row:
        """Do the same, and fence off whoever holds it."""
        return self.touch(tx, *where, lease_token=conversation.c.lease_token + 1)

    def update(self, tx: sa.Connection, talk: Row, **values: Any) -> None:
        """Change a locked conversation."""
        tx.execute(conversation.update().where(conversation.c.id == talk["id"]).values(**values))

    def settle(self, tx: sa.Connection, talk: Row, *, more: bool | None = None, **values: Any) -> bool:
        """Leave the mailbox ready when something waits in it, idle otherwise; return which."""
        if more is None:
            more = tx.execute(self._any_open, {"talk": talk["id"]}).first() is not None
        new = {
            "mailbox": MailboxState.READY if more else MailboxState.IDLE,
            "due_at": talk["updated_at"] + UNHEARD_MS if more else None,
            "ready_at": talk["updated_at"] if more else None,
            "lease_holder": None,
            "next_seq": values.pop("next_seq", talk["next_seq"]),
            "history": values.pop("history", talk["history"]),
        }
        tx.execute(self._settle, {"talk": talk["id"], **{f"new_{name}": value for name, value in new.items()}})
        if values:
            self.update(tx, talk, **values)
        return more

    def open_messages(self, tx: sa.Connection, conversation_id: str, *, limit: int = 1_000) -> list[Row]:
        """Return the messages that have not ended, oldest first."""
        rows = tx.execute(self._open, {"talk": conversation_id, "limit": limit}).mappings()
        return [dict(row) for row in rows]

    def held_messages(self, tx: sa.Connection, conversation_id: str, token: int) -> list[Row]:
        """Return the messages that are worked on under this fencing token, oldest first."""
        rows = tx.execute(self._under_fence, {"talk": conversation_id, "token": token}).mappings()
        return [dict(row) for row in rows]

    def hand_off(self, tx: sa.Connection, talk: Row, rows: Sequence[Row], handoff: Handoff) -> None:
        """End `rows` with the handoff and all else that is open with it, and make a person the owner."""
        now = talk["updated_at"]
        last = rows[-1]["id"] if rows else None
        if handoff.reason == HandoffReason.OWNED_BY_HUMAN:  # they are at it already
            escalation_id = escalations.undone(tx, talk["id"])
        else:
            escalation_id = escalations.raise_for(tx, talk, handoff.told, message_id=last, now=now)
        told = handoff.told | {"escalation_id": escalation_id}
        ids = [row["id"] for row in rows]
        error = None if handoff.error is None else dict(handoff.error)
        ended = {"state": MessageState.HANDED_OFF, "finished_at": now, "timings": dict(handoff.timings)}
        values = {"handoff": told, "error": error, "retrieved": handoff.retrieved}
        tx.execute(message.update().where(message.c.id.in_(ids)).values(**values, **ended))
        behind = [row for row in self.open_messages(tx, talk["id"]) if row["id"] not in ids]
        owned = told | {"reason": HandoffReason.OWNED_BY_HUMAN, "category": HandoffReason.OWNED_BY_HUMAN}
        tx.execute(
            message.update().where(message.c.id.in_([row["id"] for row in behind])).values(handoff=owned, **ended)
        )
        self.settle(
            tx,
            talk,
            more=False,
            owner=Owner.HUMAN,
            handoff={**told, "at": to_rfc3339(now)},
            history=talk["history"] + 1,
        )
        announce_messages(
            tx, rows, MessageState.HANDED_OFF, now=now, data=told
        )  # after what callbacks tell of the conversation
        if talk["owner"] != Owner.HUMAN:
            announce_conversation(tx, talk, "conversation.handed_off", now=now, data=told)
        announce_messages(
            tx, behind, MessageState.HANDED_OFF, now=now, data=owned
        )  # people are told of these after the handoff
