"""Each conversation is a mailbox with at most one drainer, held by a lease and fenced by a token.

    idle ──accept──► ready ──claim──► running ──finish──► idle, or ready when more waits
                       ▲                 │ retry
                       └── due again ── waiting

Every step is one transaction. Time is the database's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from worker.conversations.events import announce_messages
from worker.conversations.ledger import Ledger, Row
from worker.conversations.outcomes import Answer, Handoff, Retry
from worker.errors import AnswerbackError
from worker.ids import new_id
from worker.states import HandoffReason, MailboxState, MessageState, Role
from worker.store.engine import Prepared, Store
from worker.store.tables import AWAKE, OPEN_MESSAGE, conversation, message, reply

#: Messages that one reply may answer together.
BURST_LIMIT = 20

#: What a sweeper took up and then did not claim, since its process died, another takes up after this.
_TAKEN_UP_MS = 3_000

#: The holder of a valid lease ends its own messages at their deadline; a sweeper steps in after this.
_DEADLINE_GRACE_MS = 3_000


class LeaseLost(AnswerbackError):
    """Another worker holds the conversation now; nothing was written."""

    code = "lease_lost"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to answer what waits in one conversation, until the lease runs out.

    Attributes:
        token: fencing token; a write with an older one matches nothing.
        history: version of what was said before; session state is stamped with it.
        messages: rows of the messages to answer together, oldest first.
        remaining_s: time until the earliest deadline among them, by the database's clock.
        attempts: how often the most tried of them has been tried, this time included.
        waited_s: how long the oldest of them has waited.
    """

    conversation_id: str
    workspace_id: str
    token: int
    history: int
    subject: str | None
    requester: Mapping[Any, Any]
    messages: tuple[Row, ...]
    remaining_s: float
    attempts: int
    waited_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a finish made visible: the new version of the history, the reply's seq, and whether more waits."""

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
        self._now = now = store.clock.sql()
        self._holder = holder
        self._lease_ms = int(lease_s * 1000)
        self._burst_limit = BURST_LIMIT if burst == "merge" else 1
        self._max_attempts = max_attempts
        claim = (
            conversation.update()
            .values(
                mailbox=MailboxState.RUNNING,
                lease_token=conversation.c.lease_token + 1,
                lease_holder=holder,
                due_at=now + self._lease_ms,
                updated_at=now,
                abort=False,
            )
            .returning(*conversation.c)
        )
        ready = conversation.c.mailbox == MailboxState.READY
        run_out = sa.and_(
            conversation.c.mailbox.in_((MailboxState.RUNNING, MailboxState.WAITING)), conversation.c.due_at <= now
        )
        waited_longest = (
            sa.select(conversation.c.id)
            .where(AWAKE, sa.or_(ready, run_out))
            .order_by(conversation.c.ready_at)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        self._claim = claim.where(conversation.c.id == sa.bindparam("talk"), sa.or_(ready, run_out))
        self._claim_any = claim.where(conversation.c.id == waited_longest)
        self._start = (
            message.update()
            .where(
                message.c.conversation_id == sa.bindparam("talk"),
                OPEN_MESSAGE,
                message.c.seq <= sa.bindparam("last"),
            )
            .values(
                state=MessageState.RUNNING,
                attempts=message.c.attempts + 1,
                fence=sa.bindparam("token"),
                started_at=sa.func.coalesce(message.c.started_at, sa.bindparam("started")),
            )
        )
        self._fence = (
            conversation.update()
            .where(
                conversation.c.id == sa.bindparam("talk"),
                conversation.c.lease_token == sa.bindparam("token"),
                conversation.c.mailbox == MailboxState.RUNNING,
            )
            .values(updated_at=now)
            .returning(*conversation.c)
        )
        held = (
            message.c.conversation_id == sa.bindparam("talk"),
            message.c.state == MessageState.RUNNING,
            message.c.fence == sa.bindparam("token"),
        )
        self._end = (
            message.update()
            .where(*held)
            .values(
                state=MessageState.ANSWERED,
                error=None,
                finished_at=sa.bindparam("ended"),
                reply_id=sa.bindparam("reply"),
                timings=sa.bindparam("spent", type_=message.c.timings.type),
                retrieved=sa.bindparam("seen", type_=message.c.retrieved.type),
            )
        )
        self._insert_message = Prepared(message.insert(), message.c.keys(), store.engine.dialect)
        self._insert_reply = Prepared(reply.insert(), reply.c.keys(), store.engine.dialect)

    # -- the drainer's side ------------------------------------------------------------------------------------------

    def claim(self, conversation_id: str) -> Claim | None:
        """Take the conversation if it is free and something waits in it; None at once otherwise."""
        with self._store.begin() as tx:
            return self._claimed(tx, tx.execute(self._claim, {"talk": conversation_id}).mappings().first())

    def claim_any(self) -> Claim | None:
        """Take the conversation that has waited for longest, of those that may be claimed; None when there is none."""
        with self._store.begin() as tx:
            return self._claimed(tx, tx.execute(self._claim_any).mappings().first())

    def renew(self, tokens: Mapping[str, int]) -> dict[str, bool]:
        """Extend the leases of these conversations (id -> token) in one statement.

        Returns:
            The ids that are still held, each with whether its work should be aborted. What is missing is lost.
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

    def finish(self, claim: Claim, outcome: Answer | Handoff) -> Finished:
        """Make one outcome visible, together with its events and callbacks.

        Messages that were cancelled meanwhile keep that outcome; when none is left, nothing is said.

        Raises:
            LeaseLost: another worker holds the conversation now; nothing was written.
        """
        with self._store.begin() as tx:
            talk = self._locked(tx, claim)
            rows = self._ledger.held_messages(tx, claim.conversation_id, claim.token)
            ids = tuple(row["id"] for row in rows)
            if not rows:
                more = self._ledger.settle(tx, talk)
                return Finished(history=talk["history"], seq=None, more=more, message_ids=())
            history = talk["history"] + 1
            if isinstance(outcome, Handoff):
                self._ledger.hand_off(tx, talk, rows, outcome)
                return Finished(history=history, seq=None, more=False, message_ids=ids)
            self._answer(tx, talk, claim, rows, outcome)
            more = self._ledger.settle(tx, talk, next_seq=talk["next_seq"] + 1, history=history)
            return Finished(history=history, seq=talk["next_seq"], more=more, message_ids=ids)

    def retry(self, claim: Claim, retry: Retry) -> None:
        """Give the claim back and let it wait for its next attempt.

        Raises:
            LeaseLost: another worker holds the conversation now; nothing was written.
        """
        delay = int((backoff_s(claim.attempts) if retry.after_s is None else retry.after_s) * 1000)
        with self._store.begin() as tx:
            talk = self._locked(tx, claim)
            now = talk["updated_at"]
            self._requeue(tx, claim, error=dict(retry.error), refund=not retry.counts)
            first_deadline = min((row["deadline_at"] for row in claim.messages), default=now)
            due = max(now, min(now + delay, first_deadline))
            self._ledger.update(tx, talk, mailbox=MailboxState.WAITING, due_at=due)

    def release(self, claim: Claim) -> None:
        """Give the claim back untouched, for another process to take at once; a lost lease is not an error here."""
        try:
            with self._store.begin() as tx:
                talk = self._locked(tx, claim)
                self._requeue(tx, claim, error=None, refund=True)
                self._ledger.update(tx, talk, mailbox=MailboxState.READY, due_at=talk["updated_at"])
        except LeaseLost:
            return

    def exhausted(self, claim: Claim) -> bool:
        """Whether the claim was tried more often than allowed: then a person takes over."""
        return claim.attempts > self._max_attempts

    # -- the sweeper's side ------------------------------------------------------------------------------------------

    def sweep(self, *, limit: int = 64) -> tuple[str, ...]:
        """Take up, and return, the conversations that nobody came for: lost hints, retries, leases that ran out.

        Any number of processes may sweep at once; rows that one has locked, the others skip.
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

    def sweep_deadlines(self, *, limit: int = 200) -> tuple[str, ...]:
        """Give to a person what is past its deadline and was not ended by its holder; return those conversations."""
        with self._store.read() as connection:
            late = connection.execute(
                sa.select(message.c.conversation_id)
                .where(OPEN_MESSAGE, message.c.deadline_at <= self._now - _DEADLINE_GRACE_MS)
                .order_by(message.c.deadline_at)
                .limit(limit)
            ).scalars()
            conversations = tuple(dict.fromkeys(late))
        ended: list[str] = []
        for id in conversations:
            with self._store.begin() as tx:
                free = sa.select(conversation.c.id).where(conversation.c.id == id).with_for_update(skip_locked=True)
                if tx.execute(free).first() is None:  # somebody works on it right now, or it was erased
                    continue
                talk = self._ledger.seize(tx, conversation.c.id == id)
                rows = self._ledger.open_messages(tx, id)
                over = talk["updated_at"] - _DEADLINE_GRACE_MS
                if any(row["deadline_at"] <= over for row in rows):
                    self._ledger.hand_off(
                        tx, talk, rows, Handoff(reason=HandoffReason.DEADLINE, summary=late_summary(rows))
                    )
                    ended.append(id)
                else:  # another sweeper was first
                    self._ledger.settle(tx, talk)
        return tuple(ended)

    # -- one transaction's parts -------------------------------------------------------------------------------------

    def _claimed(self, tx: sa.Connection, talk: Row | None) -> Claim | None:
        if talk is None:
            return None
        now = talk["updated_at"]
        rows = self._ledger.open_messages(tx, talk["id"], limit=self._burst_limit)
        if not rows:
            self._ledger.settle(tx, talk, more=False)
            return None
        token = talk["lease_token"]
        tx.execute(self._start, {"talk": talk["id"], "last": rows[-1]["seq"], "token": token, "started": now})
        announce_messages(tx, [row for row in rows if row["started_at"] is None], MessageState.RUNNING, now=now)
        return Claim(
            conversation_id=talk["id"],
            workspace_id=talk["workspace_id"],
            token=token,
            history=talk["history"],
            subject=talk["subject"],
            requester=talk["requester"] or {},
            messages=tuple(rows),
            remaining_s=(min(row["deadline_at"] for row in rows) - now) / 1000,
            attempts=max(row["attempts"] for row in rows) + 1,
            waited_s=max(0.0, (now - min(row["created_at"] for row in rows)) / 1000),
        )

    def _locked(self, tx: sa.Connection, claim: Claim) -> Row:
        """Lock the conversation, but only while the claim is the newest one."""
        talk = tx.execute(self._fence, {"talk": claim.conversation_id, "token": claim.token}).mappings().first()
        if talk is None:
            raise LeaseLost(conversation_id=claim.conversation_id, token=claim.token)
        return talk

    def _answer(self, tx: sa.Connection, talk: Row, claim: Claim, rows: Sequence[Row], answer: Answer) -> None:
        now = talk["updated_at"]
        reply_id = new_id("msg")
        mine = {"id": reply_id, "workspace_id": talk["workspace_id"], "conversation_id": talk["id"], "created_at": now}
        spoken = {
            **mine,
            "seq": talk["next_seq"],
            "role": Role.ASSISTANT,
            "state": MessageState.ANSWERED,
            "content": answer.content,
        }
        self._insert_message.run(tx, {**_NO_COLUMNS, **spoken, "attempts": 0, "finished_at": now})
        self._insert_reply.run(
            tx,
            {
                **mine,
                "content": answer.content,
                "citations": [asdict(citation) for citation in answer.citations],
                "support": answer.support,
                "answerer": answer.answerer,
                "model": answer.model,
                "snapshot": answer.snapshot,
                **asdict(answer.usage),
            },
        )
        end = {"talk": talk["id"], "token": claim.token, "ended": now, "reply": reply_id}
        tx.execute(self._end, {**end, "spent": dict(answer.timings), "seen": answer.retrieved})
        announce_messages(tx, rows, MessageState.ANSWERED, now=now, data={"reply_id": reply_id})

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


_NO_COLUMNS: dict[str, Any] = {**dict.fromkeys(message.c.keys()), "stranger": False}


def backoff_s(attempts: int) -> float:
    """Return the wait before the next attempt: 1, 2, 4 … s, at most 30."""
    return float(min(30, 2 ** max(0, attempts - 1)))


def late_summary(rows: Sequence[Row]) -> str:
    """Return what a person should know of messages that nobody answered in time."""
    asked = " / ".join(" ".join(row["content"].split())[:200] for row in rows)
    return f"No answer was ready by the deadline. The customer wrote: {asked}"
