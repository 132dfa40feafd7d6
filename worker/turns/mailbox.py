"""Each conversation is a mailbox with at most one drainer, held by a lease and fenced by a token.

    idle ──accept──► ready ──claim──► running ──finish──► idle, or ready when more waits
                       ▲                 │ retry
                       └── due again ── waiting

Every step is one transaction. Time is the database's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa

from worker.conversations.events import record_events
from worker.conversations.fan_out import enqueue_message_deliveries
from worker.conversations.ledger import Ledger
from worker.conversations.outcomes import Answer, Handoff, Retry
from worker.errors import AnswerbackError
from worker.ids import new_id
from worker.states import EventType, MailboxState, MessageState, Role
from worker.store.engine import Store
from worker.store.rows import Conversation, Json, Message, Reply
from worker.store.tables import AWAKE, conversation, message
from worker.turns.statements import Statements

#: Messages that one reply may answer together.
BURST_LIMIT = 20

#: A conversation that a sweeper took up and did not claim, since its process died, is due again after this.
_TAKEN_UP_MS = 3_000


class LeaseLost(AnswerbackError):
    """Another worker holds the conversation now; nothing was written."""

    code = "lease_lost"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to answer what waits in one conversation, until the lease runs out.

    Attributes:
        token: fencing token; a write with an older one matches nothing.
        history: version of the conversation; its session is stamped with it.
        messages: the messages to answer together, oldest first.
        remaining_s: time until the earliest deadline among them, by the database's clock.
        attempts: how often the most tried of them has been tried, this time included.
        waited_s: how long the oldest of them has waited.
    """

    conversation_id: str
    workspace_id: str
    token: int
    history: int
    subject: str | None
    channel: str | None = None
    requester: Json
    messages: tuple[Message, ...]
    remaining_s: float
    attempts: int
    waited_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """The messages are a machine's: they end as cancelled, with this error, and nothing is sent."""

    error: Mapping[str, Any]
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The effects of a finish that was committed.

    Attributes:
        history: the new version of the conversation.
        seq: the reply's place in the conversation; None without one.
        more: whether a message that came meanwhile is to be answered.
        message_ids: the messages that ended.
    """

    history: int
    seq: int | None
    more: bool
    message_ids: tuple[str, ...]


class Mailbox:
    """Claims, renews, finishes and sweeps conversations. `holder` names this process."""

    def __init__(
        self, store: Store, *, holder: str, lease_s: float = 10.0, burst: str = "merge", max_attempts: int = 5
    ) -> None:
        self._store = store
        self._ledger = Ledger(store)
        self._now = store.clock.sql()
        self._holder = holder
        self._lease_ms = int(lease_s * 1000)
        self._burst_limit = BURST_LIMIT if burst == "merge" else 1
        self._max_attempts = max_attempts
        self._statements = Statements(store, holder=holder, lease_ms=self._lease_ms)

    # -- the drainer's side ------------------------------------------------------------------------------------------

    def claim(self, conversation_id: str) -> Claim | None:
        """Take the conversation if it is free and something waits in it; None at once otherwise."""
        with self._store.begin() as tx:
            return self._claimed(
                tx, tx.execute(self._statements.claim, {"conversation": conversation_id}).mappings().first()
            )

    def claim_any(self) -> Claim | None:
        """Take the conversation that has waited for longest, of those that may be claimed; None when there is none."""
        with self._store.begin() as tx:
            return self._claimed(tx, tx.execute(self._statements.claim_any).mappings().first())

    def renew(self, tokens: Mapping[str, int]) -> dict[str, bool]:
        """Extend the leases of these conversations (id -> token) in one statement.

        Returns:
            The ids that are still held, each with whether its work should be aborted; the other leases are lost.
        """
        if not tokens:
            return {}
        with self._store.begin() as tx:
            rows = tx.execute(
                conversation.update()
                .where(
                    conversation.c.id.in_(list(tokens)),
                    conversation.c.mailbox == MailboxState.RUNNING,
                    conversation.c.lease_holder == self._holder,
                )
                .values(due_at=self._now + self._lease_ms)
                .returning(conversation.c.id, conversation.c.lease_token, conversation.c.abort)
            ).all()
        return {id: abort for id, token, abort in rows if tokens[id] == token}

    def finish(self, claim: Claim, outcome: Answer | Handoff | Ignored) -> Finished:
        """Make one outcome visible, together with its events and callbacks.

        Messages that were cancelled meanwhile keep that outcome; when none is left, no reply is written.

        Raises:
            LeaseLost: another worker holds the conversation now; nothing was written.
        """
        with self._store.begin() as tx:
            locked = self._lock(tx, claim)
            messages = self._ledger.held_messages(tx, locked.id, claim.token)
            ids = tuple(held.id for held in messages)
            if not messages:
                more = self._ledger.settle(tx, locked)
                return Finished(history=locked.history, seq=None, more=more, message_ids=())
            history = locked.history + 1
            if isinstance(outcome, Handoff):
                self._ledger.hand_off(tx, locked, messages, outcome)
                return Finished(history=history, seq=None, more=False, message_ids=ids)
            if isinstance(outcome, Ignored):
                self._ignore(tx, locked, messages, outcome)
                more = self._ledger.settle(tx, locked, history=history)
                return Finished(history=history, seq=None, more=more, message_ids=ids)
            self._answer(tx, locked, claim, messages, outcome)
            more = self._ledger.settle(tx, locked, next_seq=locked.next_seq + 1, history=history)
            return Finished(history=history, seq=locked.next_seq, more=more, message_ids=ids)

    def retry(self, claim: Claim, retry: Retry) -> None:
        """Give the claim back and let it wait for its next attempt.

        Raises:
            LeaseLost: another worker holds the conversation now; nothing was written.
        """
        delay = int((backoff_s(claim.attempts) if retry.after_s is None else retry.after_s) * 1000)
        with self._store.begin() as tx:
            locked = self._lock(tx, claim)
            now = locked.updated_at
            self._requeue(tx, claim, error=dict(retry.error), refund=not retry.counts)
            due = max(now, min(now + delay, _first_deadline(claim.messages, default=now)))
            self._ledger.update(tx, locked, mailbox=MailboxState.WAITING, due_at=due)

    def release(self, claim: Claim) -> None:
        """Give the claim back untouched, for another process to take at once; a lost lease is not an error here."""
        try:
            with self._store.begin() as tx:
                locked = self._lock(tx, claim)
                self._requeue(tx, claim, error=None, refund=True)
                self._ledger.update(tx, locked, mailbox=MailboxState.READY, due_at=locked.updated_at)
        except LeaseLost:
            return

    def exhausted(self, claim: Claim) -> bool:
        """Whether the claim was tried more often than allowed, so that a human takes over."""
        return claim.attempts > self._max_attempts

    # -- the sweeper's side ------------------------------------------------------------------------------------------

    def sweep(self, *, limit: int = 64) -> tuple[str, ...]:
        """Make conversations ready that are overdue, and return them: lost hints, retries, expired leases.

        Any number of processes may sweep at once; each skips the rows that another has locked.
        """
        overdue = (AWAKE, conversation.c.due_at <= self._now)
        with self._store.read() as connection:
            found = connection.execute(sa.select(conversation.c.id).where(*overdue).limit(1)).first()
        ids: tuple[str, ...] = ()
        if found is not None:
            with self._store.begin() as tx:
                due = sa.select(conversation.c.id).where(*overdue).order_by(conversation.c.due_at).limit(limit)
                ids = tuple(tx.execute(due.with_for_update(skip_locked=True)).scalars())
                tx.execute(
                    conversation.update()
                    .where(conversation.c.id.in_(ids))
                    .values(mailbox=MailboxState.READY, due_at=self._now + _TAKEN_UP_MS)
                )
        return ids

    # -- one transaction's parts -------------------------------------------------------------------------------------

    def _claimed(self, tx: sa.Connection, row: sa.RowMapping | None) -> Claim | None:
        if row is None:
            return None
        claimed = Conversation.from_row(row)
        now, token = claimed.updated_at, claimed.lease_token
        messages = self._ledger.open_messages(tx, claimed.id, limit=self._burst_limit)
        if not messages:
            self._ledger.settle(tx, claimed, more=False)
            return None
        start = {"conversation": claimed.id, "last": messages[-1].seq, "token": token, "started": now}
        self._statements.start.run(tx, start)
        record_events(tx, [new for new in messages if new.started_at is None], EventType.RUNNING, now=now)
        return Claim(
            conversation_id=claimed.id,
            workspace_id=claimed.workspace_id,
            token=token,
            history=claimed.history,
            subject=claimed.subject,
            channel=claimed.channel,
            requester=claimed.requester or {},
            messages=tuple(messages),
            remaining_s=(_first_deadline(messages, default=now) - now) / 1000,
            attempts=max(waiting.attempts for waiting in messages) + 1,
            waited_s=max(0.0, (now - min(waiting.created_at for waiting in messages)) / 1000),
        )

    def _lock(self, tx: sa.Connection, claim: Claim) -> Conversation:
        """Lock the conversation, but only while the claim is the newest one."""
        fence = {"conversation": claim.conversation_id, "token": claim.token}
        row = tx.execute(self._statements.lock, fence).mappings().first()
        if row is None:
            raise LeaseLost(conversation_id=claim.conversation_id, token=claim.token)
        return Conversation.from_row(row)

    def _answer(
        self, tx: sa.Connection, locked: Conversation, claim: Claim, messages: Sequence[Message], answer: Answer
    ) -> None:
        """Write the reply, and end the messages that it answers."""
        now = locked.updated_at
        written = Message(
            id=new_id("msg"),
            workspace_id=locked.workspace_id,
            conversation_id=locked.id,
            seq=locked.next_seq,
            role=Role.ASSISTANT,
            author=answer.author,
            state=MessageState.ANSWERED,
            content=answer.content,
            created_at=now,
            finished_at=now,
        )
        reply = Reply(
            id=written.id,
            workspace_id=locked.workspace_id,
            conversation_id=locked.id,
            kind=answer.kind,
            content=answer.content,
            options=list(answer.options) or None,
            greeting=answer.greeting,
            signature=answer.signature,
            citation_style=answer.citation_style,
            citations=[asdict(citation) for citation in answer.citations],
            support=answer.support,
            confidence=answer.confidence,
            unanswered=list(answer.unanswered) or None,
            answerer=answer.answerer,
            model=answer.model,
            snapshot=answer.snapshot,
            **asdict(answer.usage),
            created_at=now,
        )
        self._statements.insert_message.run(tx, vars(written))
        self._statements.insert_reply.run(tx, vars(reply))
        end = {"conversation": locked.id, "token": claim.token, "ended": now, "reply": written.id}
        self._statements.answer.run(tx, {**end, "spent": dict(answer.timings), "found": answer.retrieved})
        events = record_events(tx, messages, EventType.ANSWERED, now=now, data={"reply_id": written.id})
        enqueue_message_deliveries(tx, messages, events)

    def _ignore(self, tx: sa.Connection, locked: Conversation, messages: Sequence[Message], outcome: Ignored) -> None:
        """End messages as cancelled."""
        now = locked.updated_at
        ended = {"state": MessageState.CANCELLED, "finished_at": now, "error": dict(outcome.error)}
        tx.execute(message.update().where(message.c.id.in_([held.id for held in messages])).values(**ended))
        events = record_events(tx, messages, EventType.CANCELLED, now=now)
        enqueue_message_deliveries(tx, messages, events)

    def _requeue(self, tx: sa.Connection, claim: Claim, *, error: dict[str, Any] | None, refund: bool = False) -> None:
        values: dict[str, Any] = {"state": MessageState.QUEUED, "error": error}
        if refund:
            values["attempts"] = message.c.attempts - 1
        tx.execute(
            message.update()
            .where(
                message.c.conversation_id == claim.conversation_id,
                message.c.state == MessageState.RUNNING,
                message.c.fence == claim.token,
            )
            .values(**values)
        )


def backoff_s(attempts: int) -> float:
    """Return the wait before the next attempt: 1, 2, 4 … s, at most 30."""
    return float(min(30, 2 ** max(0, attempts - 1)))


def _first_deadline(messages: Sequence[Message], *, default: int) -> int:
    """Return the earliest deadline of messages, in ms since 1970 UTC."""
    return min((waiting.deadline_at for waiting in messages if waiting.deadline_at is not None), default=default)
