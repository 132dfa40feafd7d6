"""Every change of a conversation by its customer, an agent, an operator or a duty of the sweeper.

An action is one transaction. After its commit it wakes the streams that wait for the conversation, and hints workers at
due messages and deliveries. Both may be lost; sweepers find messages and deliveries that no worker was hinted at.

The worker that holds the conversation is fenced off first, so that a message that is being answered ends only once.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Any

import sqlalchemy as sa

from worker.conversations import escalations, outcomes, retries, serializers
from worker.conversations.events import record_conversation_event, record_events
from worker.conversations.fan_out import (
    enqueue_conversation_deliveries,
    enqueue_message_deliveries,
    enqueue_reply_deliveries,
)
from worker.conversations.intake import Accepted, Intake, Opening, Submission
from worker.conversations.ledger import Ledger
from worker.conversations.notifications import Hints, Notifications
from worker.conversations.outcomes import ENDED, OPEN, Handoff
from worker.errors import Conflict, NotFound
from worker.ids import new_id
from worker.states import EventType, HandoffReason, MailboxState, MessageState, Owner, Priority, Rating, Role
from worker.store.engine import Store
from worker.store.rows import Conversation, Message
from worker.store.scope import Scope
from worker.store.selection import EVERY_WORKSPACE, Selection
from worker.store.tables import HUMAN, OPEN_MESSAGE, UNASSIGNED_ESCALATION, conversation, escalation, message

#: The worker that holds a lease ends its own messages at their deadline; a sweeper steps in after this.
_DEADLINE_GRACE_MS = 3_000

#: Columns of a conversation in which no customer waits for a human, and none is urgent.
_NOT_WAITING = {"waiting_since": None, "urgency": escalations.RANKS.index(Priority.NORMAL)}


class ConversationActions:
    """Changes conversations, and notifies streams and workers after each commit. Safe to share between threads.

    Args:
        wake: wakes the streams and long polls that wait for a conversation; never fails.
    """

    def __init__(self, store: Store, *, intake: Intake, wake: Callable[[str], None], hints: Hints) -> None:
        self._store = store
        self._intake = intake
        self._notifications = Notifications(wake=wake, hints=hints)
        self._ledger = Ledger(store)

    # -- customers ---------------------------------------------------------------------------------------------------

    def open(self, workspace_id: str, opening: Opening) -> dict[str, Any]:
        """Open a conversation, or find the one that has this external id; return it in the form of the API."""
        return self._intake.open(workspace_id, opening)

    def submit(
        self,
        workspace_id: str,
        opening: Opening,
        submission: Submission,
        *,
        in_transaction: Callable[[sa.Connection], None] = lambda _tx: None,
    ) -> dict[str, Any]:
        """Open a conversation with its first message, or continue the one that has this external id.

        `in_transaction` runs in the same transaction; what it raises undoes all. Return the message in the form of the
        API.

        Raises:
            IdempotencyMismatch: the key was used with another request.
            Invalid: an attachment cannot be used here.
        """
        return self._accepted(self._intake.submit(workspace_id, opening, submission, in_transaction=in_transaction))

    def accept(self, workspace_id: str, conversation_id: str, submission: Submission) -> dict[str, Any]:
        """Add a customer's message to a conversation and return it in the form of the API.

        Raises:
            NotFound: the workspace has no such conversation.
            IdempotencyMismatch: the key was used with another request.
            Invalid: an attachment cannot be used here.
        """
        return self._accepted(self._intake.accept(workspace_id, conversation_id, submission))

    def _accepted(self, accepted: Accepted) -> dict[str, Any]:
        ended = accepted.message["state"] in ENDED
        conversation_id = accepted.message["conversation_id"]
        self._notifications.send(conversation_id, messages=accepted.ready, deliveries=ended)
        return accepted.message

    def rate(self, workspace_id: str, message_id: str, *, rating: Rating, comment: str | None = None) -> None:
        """Keep how good the outcome of a message was: `good` or `bad`.

        Raises:
            Conflict: it has not ended yet.
            NotFound: the workspace has no such message.
        """
        with self._store.begin() as tx:
            rated = Message.from_row(Scope(self._store, workspace_id).lock(tx, message, message_id))
            if rated.state not in ENDED:
                raise Conflict("The message has not ended yet; there is nothing to rate.")
            feedback = {"rating": rating, "comment": comment}
            tx.execute(message.update().where(message.c.id == message_id).values(feedback=feedback))
            of_message = conversation.c.id == rated.conversation_id
            tx.execute(conversation.update().where(of_message).values(reported_at=0))  # reports count it anew
        self._notifications.send(rated.conversation_id)

    def cancel(self, workspace_id: str, message_id: str) -> None:
        """End an open message as cancelled, and have its worker stop.

        Raises:
            NotFound: the workspace has no such message.
            Conflict: it has ended already.
        """
        with self._store.begin() as tx:
            found = self._message(tx, workspace_id, message_id)
            locked = self._ledger.touch(tx, conversation.c.id == found.conversation_id)
            cancelled = self._cancel(tx, [message_id], now=locked.updated_at)
            if not cancelled:
                raise Conflict("The message has ended; it cannot be cancelled.")
            events = record_events(tx, cancelled, EventType.CANCELLED, now=locked.updated_at)
            enqueue_message_deliveries(tx, cancelled, events)
            still_open = self._ledger.open_messages(tx, locked.id)
            values: dict[str, Any] = {"history": locked.history + 1}
            if locked.mailbox == MailboxState.RUNNING:
                values["abort"] = not any(other.state == MessageState.RUNNING for other in still_open)
            elif not still_open:
                values |= {"mailbox": MailboxState.IDLE, "due_at": None}
            self._ledger.update(tx, locked, **values)
        self._changed(locked.id)

    # -- agents and operators ----------------------------------------------------------------------------------------

    def retry(self, workspace_id: str, message_id: str) -> None:
        """Queue a message again that was handed off, failed or was taken for automatic mail.

        Those that the customer wrote after it are queued too, where they were handed off or failed.
        It has as long as it had at first.

        Raises:
            NotFound: the workspace has no such message.
            Conflict: it did not end that way, or the customer got a reply since, or the conversation is closed.
        """
        with self._store.begin() as tx:
            found = self._message(tx, workspace_id, message_id)
            # A worker that answers what came after it must not be first, so it is fenced off.
            locked = self._ledger.seize(tx, conversation.c.id == found.conversation_id)
            now = locked.updated_at
            found = self._message(tx, workspace_id, message_id)  # read again, now that it is locked
            retries.check(tx, locked, found)
            requeued = retries.requeue(tx, found, now=now)
            record_events(tx, requeued, EventType.QUEUED, now=now, data={"retried": True})
            freed = {"owner": Owner.BOT, "handoff": None, **_NOT_WAITING}
            self._ledger.settle(tx, locked, more=True, **freed, history=locked.history + 1)
            escalations.close_for(tx, locked.id, now=now, note="The bot tries again.")
            if locked.owner == Owner.HUMAN:
                data = {"message_id": message_id}
                event = record_conversation_event(tx, locked, EventType.CONVERSATION_RESUMED, now=now, data=data)
                enqueue_conversation_deliveries(tx, locked, event)
        self._changed(locked.id, messages=True)

    def take_over(
        self,
        workspace_id: str,
        conversation_id: str,
        *,
        summary: str,
        reason: HandoffReason = HandoffReason.ASKED_FOR_HUMAN,
        agent: str = "an agent",
    ) -> None:
        """Make a human the owner, who also gets the messages that are open; `agent` is who takes it over.

        Raises:
            NotFound: the workspace has no such conversation.
            Conflict: it is closed.
        """
        with self._store.begin() as tx:
            locked = self._seize(tx, workspace_id, conversation_id)
            messages = self._ledger.open_messages(tx, conversation_id)
            if locked.owner == Owner.HUMAN and not messages:
                self._ledger.settle(tx, locked, more=False)
                return
            self._ledger.hand_off(tx, locked, messages, Handoff(reason=reason, summary=summary))
            if reason == HandoffReason.OWNED_BY_HUMAN:
                escalations.take(tx, conversation_id, agent, now=locked.updated_at)
        self._changed(conversation_id)

    def reply(
        self,
        workspace_id: str,
        conversation_id: str,
        *,
        content: str,
        author: str,
        via: str | None = None,
        seen_seq: int | None = None,
        in_transaction: Callable[[sa.Connection], None] = lambda _tx: None,
    ) -> dict[str, Any]:
        """Record an agent's reply to the customer, who owns the conversation from then on.

        `via` is the helpdesk in which they replied; the reply is posted to the conversation's ticket if that is in
        another one. `seen_seq` is the `seq` of the last message that the agent saw. `in_transaction` runs in the same
        transaction; what it raises undoes all. Return the message in the form of the API.

        Raises:
            NotFound: the workspace has no such conversation.
            Conflict: it is closed, or somebody else replied after `seen_seq`.
        """
        with self._store.begin() as tx:
            in_transaction(tx)
            locked = self._seize(tx, workspace_id, conversation_id)
            if seen_seq is not None:
                self._refuse_second_reply(tx, conversation_id, seen_seq)
            messages = self._ledger.open_messages(tx, conversation_id)
            if locked.owner == Owner.BOT or messages:
                handoff = Handoff(reason=HandoffReason.OWNED_BY_HUMAN, summary=f"{author} replied to the customer.")
                self._ledger.hand_off(tx, locked, messages, handoff)
            now = locked.updated_at
            escalations.take(tx, conversation_id, author, now=now)
            written = Message(
                id=new_id("msg"),
                workspace_id=workspace_id,
                conversation_id=conversation_id,
                seq=locked.next_seq,
                role=Role.AGENT,
                author=author,
                state=MessageState.ANSWERED,
                content=content,
                created_at=now,
                finished_at=now,
            )
            tx.execute(message.insert().values(**vars(written)))
            (event,) = record_events(tx, [written], EventType.REPLIED, now=now)
            enqueue_reply_deliveries(tx, written, event, via=via)
            after = {"next_seq": locked.next_seq + 1, "history": locked.history + 2, "waiting_since": None}
            self._ledger.settle(tx, locked, more=False, **after)
        self._changed(conversation_id)
        return serializers.message(written)

    def resume(self, workspace_id: str, conversation_id: str, *, note: str | None = None) -> None:
        """Give a conversation back to the bot, which answers the messages that come from then on.

        `note` is kept with the escalation, which is closed.

        Raises:
            NotFound: the workspace has no such conversation.
            Conflict: no human owns it.
        """
        with self._store.begin() as tx:
            locked = self._seize(tx, workspace_id, conversation_id)
            if locked.owner != Owner.HUMAN:
                raise Conflict("No human owns the conversation; there is nothing to resume.")
            self._give_back(tx, locked, note=note)
        self._changed(conversation_id)

    def close(self, workspace_id: str, conversation_id: str, *, note: str | None = None) -> None:
        """Close a conversation; messages that are open in it are cancelled.

        `note` is kept with the escalation, which is closed.

        Raises:
            NotFound: the workspace has no such conversation.
        """
        with self._store.begin() as tx:
            locked = self._seize(tx, workspace_id, conversation_id, closed=True)
            now = locked.updated_at
            messages = self._ledger.open_messages(tx, conversation_id)
            cancelled = self._cancel(tx, [waiting.id for waiting in messages], now=now)
            events = record_events(tx, cancelled, EventType.CANCELLED, now=now)
            enqueue_message_deliveries(tx, cancelled, events)
            self._ledger.settle(tx, locked, more=False, owner=Owner.CLOSED, **_NOT_WAITING, history=locked.history + 1)
            escalations.close_for(tx, conversation_id, now=now, note=note)
            if locked.owner != Owner.CLOSED:
                event = record_conversation_event(tx, locked, EventType.CONVERSATION_CLOSED, now=now)
                enqueue_conversation_deliveries(tx, locked, event)
        self._changed(conversation_id)

    # -- duties of the sweeper ---------------------------------------------------------------------------------------

    def resume_quiet(self, *, after_s: float, workspaces: Selection = EVERY_WORKSPACE, limit: int = 100) -> list[str]:
        """Give back to the bot the conversations that no one changed for `after_s` seconds; return their ids.

        Those whose escalation is not assigned stay with the humans.
        """
        unassigned = sa.exists().where(escalation.c.conversation_id == conversation.c.id, UNASSIGNED_ESCALATION)
        quiet = (HUMAN, conversation.c.updated_at < self._ledger.now - int(after_s * 1_000), ~unassigned)
        theirs = workspaces.where(conversation.c.workspace_id)
        with self._store.read() as connection:
            found = connection.execute(
                sa.select(conversation.c.id).where(*quiet, theirs).order_by(conversation.c.updated_at).limit(limit)
            ).scalars()
            ids = list(found)
        resumed = []
        for id in ids:
            with suppress(NotFound):  # it changed meanwhile
                with self._store.begin() as tx:
                    locked = self._ledger.seize(tx, conversation.c.id == id, *quiet)
                    self._give_back(tx, locked, note="Nobody wrote for so long that the bot has it again.")
                self._changed(id)
                resumed.append(id)
        return resumed

    def hand_off_overdue(self, *, limit: int = 200) -> list[str]:
        """Hand off the messages that are past their deadline and that no worker ended; return their conversations."""
        with self._store.read() as connection:
            overdue = connection.execute(
                sa.select(message.c.conversation_id)
                .where(OPEN_MESSAGE, message.c.deadline_at <= self._ledger.now - _DEADLINE_GRACE_MS)
                .order_by(message.c.deadline_at)
                .limit(limit)
            ).scalars()
            ids = list(dict.fromkeys(overdue))
        handed_off = []
        for id in ids:
            if self._hand_off_overdue(id):
                self._changed(id)
                handed_off.append(id)
        return handed_off

    def _hand_off_overdue(self, conversation_id: str) -> bool:
        """Hand off what is open in a conversation if one of its messages is overdue; return whether one was."""
        with self._store.begin() as tx:
            free = sa.select(conversation.c.id).where(conversation.c.id == conversation_id)
            if tx.execute(free.with_for_update(skip_locked=True)).first() is None:
                return False  # another worker changes it right now, or it was erased
            locked = self._ledger.seize(tx, conversation.c.id == conversation_id)
            messages = self._ledger.open_messages(tx, conversation_id)
            latest = locked.updated_at - _DEADLINE_GRACE_MS
            if not any(waiting.deadline_at is not None and waiting.deadline_at <= latest for waiting in messages):
                self._ledger.settle(tx, locked)  # another sweeper was first
                return False
            self._ledger.hand_off(tx, locked, messages, outcomes.overdue(messages))
            return True

    # -- after the commit --------------------------------------------------------------------------------------------

    def notifications_at_end(self) -> AbstractContextManager[None]:
        """Wake and hint when the block ends, for the actions that this thread takes in it.

        A webhook that brings a message, and then that an agent has the ticket, is applied as a whole before a worker
        looks.
        """
        return self._notifications.held_back()

    def _changed(self, conversation_id: str, *, messages: bool = False) -> None:
        self._notifications.send(conversation_id, messages=messages, deliveries=True)

    # -- parts of transactions ---------------------------------------------------------------------------------------

    def _message(self, tx: sa.Connection, workspace_id: str, message_id: str) -> Message:
        return Message.from_row(Scope(self._store, workspace_id).get_in(tx, message, message_id))

    def _seize(
        self, tx: sa.Connection, workspace_id: str, conversation_id: str, *, closed: bool = False
    ) -> Conversation:
        """Lock a conversation of this workspace and fence off its worker; it must be open unless `closed` allows."""
        in_workspace = (conversation.c.id == conversation_id, conversation.c.workspace_id == workspace_id)
        locked = self._ledger.seize(tx, *in_workspace)
        if locked.owner == Owner.CLOSED and not closed:
            raise Conflict("The conversation is closed.")
        return locked

    def _refuse_second_reply(self, tx: sa.Connection, conversation_id: str, seen_seq: int) -> None:
        """Raise Conflict if the customer got a reply after the message that an agent saw last."""
        newer = (
            sa.select(message.c.role, message.c.author)
            .where(message.c.conversation_id == conversation_id, message.c.seq > seen_seq)
            .where(message.c.role != Role.CUSTOMER)
            .order_by(message.c.seq.desc())
        )
        row = tx.execute(newer).first()
        if row is not None:
            name = row.author or ("Another agent" if row.role == Role.AGENT else "The bot")
            raise Conflict(f"{name} replied while you were writing. Read it; send yours again if it is still needed.")

    def _cancel(self, tx: sa.Connection, ids: list[str], *, now: int) -> list[Message]:
        """End those of the messages that are open as cancelled; return them, oldest first."""
        statement = (
            message.update()
            .where(message.c.id.in_(ids), message.c.state.in_(OPEN))
            .values(state=MessageState.CANCELLED, finished_at=now)
            .returning(*message.c)
        )
        cancelled = [Message.from_row(row) for row in tx.execute(statement).mappings()]
        return sorted(cancelled, key=lambda row: row.seq)

    def _give_back(self, tx: sa.Connection, locked: Conversation, *, note: str | None) -> None:
        """Make the bot the owner again and close the escalation."""
        now = locked.updated_at
        freed = {"owner": Owner.BOT, "handoff": None, **_NOT_WAITING}
        self._ledger.settle(tx, locked, more=False, **freed, history=locked.history + 1)
        escalations.close_for(tx, locked.id, now=now, note=note)
        event = record_conversation_event(tx, locked, EventType.CONVERSATION_RESUMED, now=now)
        enqueue_conversation_deliveries(tx, locked, event)
