"""What people do to a conversation: cancel, try again, take over, speak, give back, close.

Whoever holds the conversation is fenced off first, so a message that is being answered ends once, this way or that.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from worker.conversations import escalations
from worker.conversations.events import announce_conversation, announce_messages, announce_said
from worker.conversations.ledger import Ledger
from worker.conversations.outcomes import ENDED, OPEN, Handoff
from worker.errors import Conflict, NotFound
from worker.ids import new_id
from worker.states import HandoffReason, MailboxState, MessageState, Owner, Rating, Role
from worker.store.engine import Store
from worker.store.scope import Scope
from worker.store.tables import HUMAN, conversation, escalation, event, message

#: How a message must have ended to be tried again.
_RETRIED = (MessageState.HANDED_OFF, MessageState.FAILED)


#: When a message was queued for the last time: its deadline counts from there.
_QUEUED_AT = sa.func.coalesce(
    sa.select(sa.func.max(event.c.created_at))
    .where(event.c.message_id == message.c.id, event.c.type == MessageState.QUEUED)
    .correlate(message)
    .scalar_subquery(),
    message.c.created_at,
)


class ConversationActions:
    """Changes who owns a conversation. Each method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ledger = Ledger(store)

    def rate(self, workspace_id: str, message_id: str, *, rating: Rating, comment: str | None = None) -> None:
        """Keep how good what became of a message was: `good` or `bad`.

        Raises:
            Conflict: it has not ended yet.
            NotFound: the workspace has no such message.
        """
        with self._store.begin() as tx:
            row = Scope(self._store, workspace_id).lock(tx, message, message_id)
            if row["state"] not in ENDED:
                raise Conflict("The message has not ended yet; there is nothing to rate.")
            feedback = {"rating": rating, "comment": comment}
            tx.execute(message.update().where(message.c.id == message_id).values(feedback=feedback))

    def cancel(self, workspace_id: str, message_id: str) -> str:
        """End an open message as cancelled, and tell its holder to stop; return the conversation's id.

        Raises:
            NotFound: the workspace has no such message.
            Conflict: it has ended already.
        """
        with self._store.begin() as tx:
            found = self._message(tx, workspace_id, message_id)["conversation_id"]
            talk = self._ledger.touch(tx, conversation.c.id == found)
            now = talk["updated_at"]
            ended = (
                message.update()
                .where(message.c.id == message_id, message.c.state.in_(OPEN))
                .values(state=MessageState.CANCELLED, finished_at=now)
                .returning(*message.c)
            )
            row = tx.execute(ended).mappings().first()
            if row is None:
                raise Conflict("The message has ended; it cannot be cancelled.")
            announce_messages(tx, [row], MessageState.CANCELLED, now=now)
            left = self._ledger.open_messages(tx, found)
            values: dict[str, Any] = {"history": talk["history"] + 1}
            if talk["mailbox"] == MailboxState.RUNNING:
                values["abort"] = not any(other["state"] == MessageState.RUNNING for other in left)
            elif not left:
                values |= {"mailbox": MailboxState.IDLE, "due_at": None}
            self._ledger.update(tx, talk, **values)
        return str(found)

    def retry(self, workspace_id: str, message_id: str) -> str:
        """Give a message that was handed off or failed to the bot once more, with what the customer wrote after it.

        It has as long as it had at first. Return the conversation's id.

        Raises:
            NotFound: the workspace has no such message.
            Conflict: it did not end that way, or the customer was told something since, or the conversation is closed.
        """
        with self._store.begin() as tx:
            row = self._message(tx, workspace_id, message_id)
            # Whoever answers what came after it must not be first, and is fenced off.
            talk = self._ledger.seize(tx, conversation.c.id == row["conversation_id"])
            now = talk["updated_at"]
            row = self._message(tx, workspace_id, message_id)  # as it is now that nobody else can change it
            if talk["owner"] == Owner.CLOSED:
                raise Conflict("The conversation is closed.")
            if row["role"] != Role.CUSTOMER or row["state"] not in _RETRIED:
                raise Conflict("Only a message that was handed off or failed can be tried again.")
            said_since = sa.or_(
                sa.and_(message.c.role != Role.CUSTOMER, message.c.created_at >= row["finished_at"]),
                sa.and_(message.c.seq > row["seq"], message.c.reply_id.is_not(None)),
            )
            since = sa.select(message.c.id).where(message.c.conversation_id == talk["id"], said_since)
            if tx.execute(since).first() is not None:
                raise Conflict("Something was said to the customer since; an answer now would come out of order.")
            again = (
                message.update()
                .where(
                    message.c.conversation_id == talk["id"],
                    message.c.seq >= row["seq"],
                    message.c.state.in_(_RETRIED),
                )
                .values(
                    state=MessageState.QUEUED,
                    attempts=0,
                    handoff=None,
                    error=None,
                    timings=None,
                    retrieved=None,
                    started_at=None,
                    finished_at=None,
                    deadline_at=now + (message.c.deadline_at - _QUEUED_AT),
                )
                .returning(*message.c)
            )
            rows = sorted(tx.execute(again).mappings(), key=lambda one: one["seq"])
            announce_messages(tx, rows, MessageState.QUEUED, now=now, data={"retried": True})
            self._ledger.settle(tx, talk, more=True, owner=Owner.BOT, history=talk["history"] + 1)
            escalations.close_for(tx, talk["id"], now=now, note="The bot tries again.")
            if talk["owner"] == Owner.HUMAN:
                announce_conversation(tx, talk, "conversation.resumed", now=now, data={"message_id": message_id})
        return str(talk["id"])

    def take_over(
        self,
        workspace_id: str,
        conversation_id: str,
        *,
        summary: str,
        reason: HandoffReason = HandoffReason.ASKED_FOR_HUMAN,
    ) -> tuple[str, ...]:
        """Make a person the owner; what is open is theirs. Return the ids of the messages that this ended.

        Raises:
            NotFound: the workspace has no such conversation.
            Conflict: it is closed.
        """
        with self._store.begin() as tx:
            talk = self._seize(tx, workspace_id, conversation_id)
            rows = self._ledger.open_messages(tx, conversation_id)
            if talk["owner"] == Owner.HUMAN and not rows:
                self._ledger.settle(tx, talk, more=False)
                return ()
            self._ledger.hand_off(tx, talk, rows, Handoff(reason=reason, summary=summary))
            if reason == HandoffReason.OWNED_BY_HUMAN:
                escalations.take(tx, conversation_id, "an agent", now=talk["updated_at"])
            return tuple(row["id"] for row in rows)

    def speak(
        self,
        workspace_id: str,
        conversation_id: str,
        *,
        content: str,
        author: str,
        via: str | None = None,
        in_transaction: Callable[[sa.Connection], None] = lambda _tx: None,
    ) -> Mapping[Any, Any]:
        """Record what a person said to the customer; who speaks, owns the conversation from then on.

        `via` is the helpdesk in which they said it; in another one, of which this is a ticket, it is said there too.
        `in_transaction` runs in the same transaction; what it raises undoes all.

        Raises:
            NotFound: the workspace has no such conversation.
            Conflict: it is closed.
        """
        with self._store.begin() as tx:
            in_transaction(tx)
            talk = self._seize(tx, workspace_id, conversation_id)
            rows = self._ledger.open_messages(tx, conversation_id)
            if talk["owner"] == Owner.BOT or rows:
                taken = Handoff(reason=HandoffReason.OWNED_BY_HUMAN, summary=f"{author} replied to the customer.")
                self._ledger.hand_off(tx, talk, rows, taken)
            now = talk["updated_at"]
            escalations.take(tx, conversation_id, author, now=now)
            row = {
                **dict.fromkeys(message.c.keys()),
                "stranger": False,
                "id": new_id("msg"),
                "workspace_id": workspace_id,
                "conversation_id": conversation_id,
                "seq": talk["next_seq"],
                "role": Role.AGENT,
                "author": author,
                "state": MessageState.ANSWERED,
                "content": content,
                "attempts": 0,
                "created_at": now,
                "finished_at": now,
            }
            tx.execute(message.insert().values(**row))
            announce_said(tx, row, via=via, now=now)
            self._ledger.settle(tx, talk, more=False, next_seq=talk["next_seq"] + 1, history=talk["history"] + 2)
            return row

    def resume(self, workspace_id: str, conversation_id: str, *, note: str | None = None) -> None:
        """Give a conversation back to the bot; what the person was asked stays with the person.

        `note` is kept with the escalation, which is closed.

        Raises:
            NotFound: the workspace has no such conversation.
            Conflict: no person owns it.
        """
        with self._store.begin() as tx:
            talk = self._seize(tx, workspace_id, conversation_id)
            if talk["owner"] != Owner.HUMAN:
                raise Conflict("No person owns the conversation; there is nothing to resume.")
            self._give_back(tx, talk, note=note)

    def resume_quiet(self, *, after_s: float, limit: int = 100) -> list[str]:
        """Give back to the bot what a person has seen to and nobody touched for so long; return those conversations.

        What no person has taken up yet stays theirs.
        """
        untouched = sa.exists().where(
            escalation.c.conversation_id == conversation.c.id, escalation.c.state == sa.literal_column("'open'")
        )
        quiet = (HUMAN, conversation.c.updated_at < self._ledger.now - int(after_s * 1_000), ~untouched)
        with self._store.read() as connection:
            found = connection.execute(
                sa.select(conversation.c.id).where(*quiet).order_by(conversation.c.updated_at).limit(limit)
            ).scalars()
            ids = list(found)
        given = []
        for id in ids:
            with self._store.begin() as tx, suppress(NotFound):  # somebody wrote meanwhile
                talk = self._ledger.seize(tx, conversation.c.id == id, *quiet)
                self._give_back(tx, talk, note="Nobody wrote for so long that the bot has it again.")
                given.append(id)
        return given

    def _give_back(self, tx: sa.Connection, talk: Mapping[Any, Any], *, note: str | None) -> None:
        now = talk["updated_at"]
        self._ledger.settle(tx, talk, more=False, owner=Owner.BOT, history=talk["history"] + 1)
        escalations.close_for(tx, talk["id"], now=now, note=note)
        announce_conversation(tx, talk, "conversation.resumed", now=now, data={})

    def close(self, workspace_id: str, conversation_id: str, *, note: str | None = None) -> tuple[str, ...]:
        """Close a conversation; what is open in it is cancelled. Return the ids of those messages.

        `note` is kept with the escalation, which is closed.

        Raises:
            NotFound: the workspace has no such conversation.
        """
        with self._store.begin() as tx:
            talk = self._seize(tx, workspace_id, conversation_id, closed=True)
            now = talk["updated_at"]
            rows = self._ledger.open_messages(tx, conversation_id)
            ids = [row["id"] for row in rows]
            tx.execute(
                message.update().where(message.c.id.in_(ids)).values(state=MessageState.CANCELLED, finished_at=now)
            )
            announce_messages(tx, rows, MessageState.CANCELLED, now=now)
            self._ledger.settle(tx, talk, more=False, owner=Owner.CLOSED, history=talk["history"] + 1)
            escalations.close_for(tx, conversation_id, now=now, note=note)
            if talk["owner"] != Owner.CLOSED:
                announce_conversation(tx, talk, "conversation.closed", now=now, data={})
            return tuple(ids)

    def _message(self, tx: sa.Connection, workspace_id: str, message_id: str) -> Mapping[Any, Any]:
        mine = (message.c.id == message_id, message.c.workspace_id == workspace_id)
        row = tx.execute(sa.select(message).where(*mine)).mappings().first()
        if row is None:
            raise NotFound("There is no message with this id.")
        return row

    def _seize(
        self, tx: sa.Connection, workspace_id: str, conversation_id: str, *, closed: bool = False
    ) -> Mapping[Any, Any]:
        """Lock a conversation of this workspace, fence off its holder, and see that it is open or may be `closed`."""
        mine = (conversation.c.id == conversation_id, conversation.c.workspace_id == workspace_id)
        talk = self._ledger.seize(tx, *mine)
        if talk["owner"] == Owner.CLOSED and not closed:
            raise Conflict("The conversation is closed.")
        return talk
