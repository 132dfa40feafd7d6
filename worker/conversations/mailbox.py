"""Each conversation is a mailbox with at most one drainer, held by a lease and fenced by a token.

    idle ──accept──► ready ──claim──► running ──finish──► idle, or ready when more waits
                       ▲                 │ retry
                       └── due again ── waiting

Every step is one transaction that starts by changing the conversation's row, so steps on one conversation
never overlap. Time is the database's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from worker.conversations import wire
from worker.conversations.events import announce_conversation, announce_messages
from worker.conversations.intake import FIRST_HINT_MS
from worker.conversations.outcomes import OPEN, Answer, Handoff, Retry
from worker.errors import AnswerbackError, Conflict, NotFound
from worker.ids import new_id
from worker.store.engine import Store
from worker.store.tables import conversation, message, reply

#: Messages that one reply may answer together.
BURST_LIMIT = 20

#: A hint that nothing came of is given again after these, by how many were given, and then at this ceiling:
#: a long queue is not made longer by repeating what is in it.
_HINT_WAITS_MS = {0: FIRST_HINT_MS, 1: 4_000, 2: 8_000, 3: 16_000}
_HINT_CEILING_MS = 30_000

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
    """

    conversation_id: str
    workspace_id: str
    token: int
    history: int
    subject: str | None
    requester: Mapping[str, Any]
    messages: tuple[Mapping[str, Any], ...]
    remaining_s: float
    attempts: int


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a finish made visible: the new version of the history, the reply's seq, and whether more waits."""

    history: int
    seq: int | None
    more: bool
    message_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What a sweep found: conversations to hint at, and messages that it ended at their deadline."""

    conversation_ids: tuple[str, ...]
    message_ids: tuple[str, ...]


class Mailbox:
    """Claims, renews, finishes and sweeps conversations. `holder` names this process."""

    def __init__(
        self, store: Store, *, holder: str, lease_s: float = 10.0, burst: str = "merge", max_attempts: int = 5
    ) -> None:
        self._store = store
        self._now = store.clock.sql()
        self._holder = holder
        self._lease_ms = int(lease_s * 1000)
        self._burst_limit = BURST_LIMIT if burst == "merge" else 1
        self._max_attempts = max_attempts
        self._longest_ready = (
            sa.select(conversation.c.id)
            .where(conversation.c.mailbox == "ready")
            .order_by(conversation.c.due_at)
            .limit(1)
        )

    # -- the drainer's side ------------------------------------------------------------------------------------------

    def claim(self, conversation_id: str) -> Claim | None:
        """Take the conversation if it is free and something waits in it; None at once otherwise."""
        with self._store.begin() as tx:
            talk = (
                tx.execute(
                    conversation.update()
                    .where(
                        conversation.c.id == conversation_id,
                        sa.or_(
                            conversation.c.mailbox == "ready",
                            sa.and_(conversation.c.mailbox.in_(("running", "waiting")), conversation.c.due_at <= self._now),
                        ),
                    )
                    .values(
                        mailbox="running",
                        lease_token=conversation.c.lease_token + 1,
                        lease_holder=self._holder,
                        due_at=self._now + self._lease_ms,
                        hints=0,
                        abort=False,
                    )
                    .returning(*conversation.c)
                )
                .mappings()
                .first()
            )
            if talk is None:
                return None
            now = talk["due_at"] - self._lease_ms
            rows = self._open_messages(tx, conversation_id, limit=self._burst_limit)
            if not rows:
                self._settle(tx, talk, more=False)
                return None
            tx.execute(
                message.update()
                .where(message.c.id.in_([row["id"] for row in rows]))
                .values(
                    state="running",
                    attempts=message.c.attempts + 1,
                    fence=talk["lease_token"],
                    started_at=sa.func.coalesce(message.c.started_at, now),
                )
            )
            announce_messages(tx, [row for row in rows if row["started_at"] is None], "running", now=now)
        return Claim(
            conversation_id=conversation_id,
            workspace_id=talk["workspace_id"],
            token=talk["lease_token"],
            history=talk["history"],
            subject=talk["subject"],
            requester=talk["requester"] or {},
            messages=tuple(rows),
            remaining_s=(min(row["deadline_at"] for row in rows) - now) / 1000,
            attempts=max(row["attempts"] for row in rows) + 1,
        )

    def next_ready(self) -> str | None:
        """Return the conversation that has been ready for longest, for a worker that has a slot free."""
        with self._store.read() as connection:
            return connection.execute(self._longest_ready).scalar()

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
                    conversation.c.mailbox == "running",
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
            talk = self._fence(tx, claim)
            now = talk["updated_at"]
            rows = self._open_messages(tx, claim.conversation_id, fence=claim.token)
            if not rows:
                more = self._settle(tx, talk)
                return Finished(history=talk["history"], seq=None, more=more, message_ids=())
            if isinstance(outcome, Handoff):
                self._hand_over(tx, talk, rows, outcome, now=now)
                return Finished(
                    history=talk["history"] + 1, seq=None, more=False, message_ids=tuple(row["id"] for row in rows)
                )
            self._answer(tx, talk, rows, outcome, now=now)
            more = self._settle(tx, talk, next_seq=talk["next_seq"] + 1, history=talk["history"] + 1)
            return Finished(
                history=talk["history"] + 1,
                seq=talk["next_seq"],
                more=more,
                message_ids=tuple(row["id"] for row in rows),
            )

    def retry(self, claim: Claim, retry: Retry) -> None:
        """Give the claim back and let it wait for its next attempt.

        Raises:
            LeaseLost: another worker holds the conversation now; nothing was written.
        """
        delay = int((backoff_s(claim.attempts) if retry.after_s is None else retry.after_s) * 1000)
        with self._store.begin() as tx:
            talk = self._fence(tx, claim)
            now = talk["updated_at"]
            self._requeue(tx, claim, error=dict(retry.error))
            first_deadline = min((row["deadline_at"] for row in claim.messages), default=now)
            self._update(tx, talk, mailbox="waiting", due_at=max(now, min(now + delay, first_deadline)), hints=0)

    def release(self, claim: Claim) -> None:
        """Give the claim back untouched, for another process to take at once; a lost lease is not an error here."""
        try:
            with self._store.begin() as tx:
                talk = self._fence(tx, claim)
                self._requeue(tx, claim, error=None, refund=True)
                self._update(tx, talk, mailbox="ready", due_at=talk["updated_at"], hints=0)
        except LeaseLost:
            return

    def exhausted(self, claim: Claim) -> bool:
        """Whether the claim was tried more often than allowed: then a person takes over."""
        return claim.attempts > self._max_attempts

    # -- the sweeper's side ------------------------------------------------------------------------------------------

    def sweep(self, *, limit: int = 200) -> Swept:
        """Find what is due: stale hints, retries, leases that ran out; and end what is past its deadline.

        Any number of processes may sweep at once; rows that one has locked, the others skip.
        """
        with self._store.begin() as tx:
            due = tx.execute(
                sa.select(conversation.c.id)
                .where(conversation.c.mailbox != "idle", conversation.c.due_at <= self._now)
                .order_by(conversation.c.due_at)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).scalars()
            ids = tuple(due)
            if ids:
                wait = sa.case(_HINT_WAITS_MS, value=conversation.c.hints, else_=_HINT_CEILING_MS)
                tx.execute(
                    conversation.update()
                    .where(conversation.c.id.in_(ids))
                    .values(mailbox="ready", due_at=self._now + wait, hints=conversation.c.hints + 1)
                )
        return Swept(conversation_ids=ids, message_ids=self._sweep_deadlines(limit))

    def _sweep_deadlines(self, limit: int) -> tuple[str, ...]:
        with self._store.read() as connection:
            late = connection.execute(
                sa.select(message.c.conversation_id)
                .where(message.c.state.in_(OPEN), message.c.deadline_at <= self._now - _DEADLINE_GRACE_MS)
                .order_by(message.c.deadline_at)
                .limit(limit)
            ).scalars()
            conversations = tuple(dict.fromkeys(late))
        ended: list[str] = []
        for id in conversations:
            with self._store.begin() as tx:
                talk = self._seize(tx, conversation.c.id == id)
                rows = self._open_messages(tx, id)
                now = talk["updated_at"]
                if not any(row["deadline_at"] <= now - _DEADLINE_GRACE_MS for row in rows):
                    continue
                handoff = Handoff(reason="deadline", summary=late_summary(rows))
                self._hand_over(tx, talk, rows, handoff, now=now)
                ended += [row["id"] for row in rows]
        return tuple(ended)

    # -- the operator's and the customer's side ----------------------------------------------------------------------

    def cancel(self, workspace_id: str, message_id: str) -> str:
        """End an open message as cancelled, and tell its holder to stop; return the conversation's id.

        Raises:
            NotFound: the workspace has no such message.
            Conflict: it has ended already.
        """
        with self._store.begin() as tx:
            found = tx.execute(
                sa.select(message.c.conversation_id).where(
                    message.c.id == message_id, message.c.workspace_id == workspace_id
                )
            ).scalar()
            if found is None:
                raise NotFound("There is no message with this id.")
            talk = self._touch(tx, conversation.c.id == found)
            now = talk["updated_at"]
            row = (
                tx.execute(
                    message.update()
                    .where(message.c.id == message_id, message.c.state.in_(OPEN))
                    .values(state="cancelled", finished_at=now)
                    .returning(*message.c)
                )
                .mappings()
                .first()
            )
            if row is None:
                raise Conflict("The message has ended; it cannot be cancelled.")
            announce_messages(tx, [row], "cancelled", now=now)
            left = self._open_messages(tx, found)
            values: dict[str, Any] = {"history": talk["history"] + 1}
            if talk["mailbox"] == "running":
                values["abort"] = not any(other["state"] == "running" for other in left)
            elif not left:
                values |= {"mailbox": "idle", "due_at": None}
            self._update(tx, talk, **values)
        return str(found)

    def take_over(
        self, workspace_id: str, conversation_id: str, *, summary: str, reason: str = "asked_for_person"
    ) -> tuple[str, ...]:
        """Make a person the owner; what is open is theirs. Return the ids of the messages that this ended.

        Raises:
            NotFound: the workspace has no such conversation.
            Conflict: it is closed.
        """
        with self._store.begin() as tx:
            talk = self._seize(tx, conversation.c.id == conversation_id, conversation.c.workspace_id == workspace_id)
            if talk["owner"] == "closed":
                raise Conflict("The conversation is closed.")
            rows = self._open_messages(tx, conversation_id)
            if talk["owner"] == "human" and not rows:
                self._settle(tx, talk, more=False)
                return ()
            self._hand_over(tx, talk, rows, Handoff(reason=reason, summary=summary), now=talk["updated_at"])
            return tuple(row["id"] for row in rows)

    def resume(self, workspace_id: str, conversation_id: str) -> None:
        """Give a conversation back to the bot; what the person was asked stays with the person.

        Raises:
            NotFound: the workspace has no such conversation.
            Conflict: no person owns it.
        """
        self._change_owner(workspace_id, conversation_id, "bot", "conversation.resumed", allowed=("human",))

    def close(self, workspace_id: str, conversation_id: str) -> tuple[str, ...]:
        """Close a conversation; what is open in it is cancelled. Return the ids of those messages.

        Raises:
            NotFound: the workspace has no such conversation.
        """
        return self._change_owner(
            workspace_id, conversation_id, "closed", "conversation.closed", allowed=("bot", "human", "closed")
        )

    def speak(self, workspace_id: str, conversation_id: str, *, content: str, author: str) -> Mapping[str, Any]:
        """Record what a person said to the customer; who speaks, owns the conversation from then on.

        Raises:
            NotFound: the workspace has no such conversation.
            Conflict: it is closed.
        """
        with self._store.begin() as tx:
            talk = self._seize(tx, conversation.c.id == conversation_id, conversation.c.workspace_id == workspace_id)
            if talk["owner"] == "closed":
                raise Conflict("The conversation is closed.")
            rows = self._open_messages(tx, conversation_id)
            now = talk["updated_at"]
            if talk["owner"] == "bot" or rows:
                taken = Handoff(reason="owned_by_person", summary=f"{author} replied to the customer.")
                self._hand_over(tx, talk, rows, taken, now=now)
            row = {
                "id": new_id("msg"),
                "workspace_id": workspace_id,
                "conversation_id": conversation_id,
                "seq": talk["next_seq"],
                "role": "agent",
                "author": author,
                "state": "answered",
                "content": content,
                "attempts": 0,
                "created_at": now,
                "finished_at": now,
            }
            tx.execute(message.insert().values(**row))
            self._update(tx, talk, next_seq=talk["next_seq"] + 1, history=talk["history"] + 2, mailbox="idle", due_at=None)
            return dict.fromkeys(message.c.keys()) | row

    # -- one transaction's parts -------------------------------------------------------------------------------------

    def _fence(self, tx: sa.Connection, claim: Claim) -> Mapping[str, Any]:
        """Lock the conversation, but only while the claim is the newest one."""
        talk = (
            tx.execute(
                conversation.update()
                .where(
                    conversation.c.id == claim.conversation_id,
                    conversation.c.lease_token == claim.token,
                    conversation.c.mailbox == "running",
                )
                .values(updated_at=self._now)
                .returning(*conversation.c)
            )
            .mappings()
            .first()
        )
        if talk is None:
            raise LeaseLost(conversation_id=claim.conversation_id, token=claim.token)
        return talk

    def _touch(self, tx: sa.Connection, *where: sa.ColumnElement[bool], **values: Any) -> Mapping[str, Any]:
        talk = (
            tx.execute(
                conversation.update().where(*where).values(updated_at=self._now, **values).returning(*conversation.c)
            )
            .mappings()
            .first()
        )
        if talk is None:
            raise NotFound("There is no conversation with this id.")
        return talk

    def _seize(self, tx: sa.Connection, *where: sa.ColumnElement[bool]) -> Mapping[str, Any]:
        """Lock the conversation and fence off whoever holds it."""
        return self._touch(tx, *where, lease_token=conversation.c.lease_token + 1)

    def _update(self, tx: sa.Connection, talk: Mapping[str, Any], **values: Any) -> None:
        tx.execute(conversation.update().where(conversation.c.id == talk["id"]).values(**values))

    def _settle(self, tx: sa.Connection, talk: Mapping[str, Any], *, more: bool | None = None, **values: Any) -> bool:
        """Leave the mailbox ready when something waits in it, idle otherwise; return which."""
        if more is None:
            queued = sa.select(message.c.id).where(message.c.conversation_id == talk["id"], message.c.state.in_(OPEN))
            more = tx.execute(queued.limit(1)).first() is not None
        due = talk["updated_at"] + FIRST_HINT_MS if more else None
        self._update(tx, talk, mailbox="ready" if more else "idle", due_at=due, hints=0, lease_holder=None, **values)
        return more

    def _open_messages(
        self, tx: sa.Connection, conversation_id: str, *, limit: int | None = None, fence: int | None = None
    ) -> list[Mapping[str, Any]]:
        statement = (
            sa.select(message)
            .where(message.c.conversation_id == conversation_id, message.c.state.in_(OPEN))
            .order_by(message.c.seq)
            .limit(limit)
        )
        if fence is not None:
            statement = statement.where(message.c.state == "running", message.c.fence == fence)
        return [dict(row) for row in tx.execute(statement).mappings()]

    def _answer(
        self, tx: sa.Connection, talk: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], answer: Answer, *, now: int
    ) -> None:
        reply_id = new_id("msg")
        tx.execute(
            message.insert().values(
                id=reply_id,
                workspace_id=talk["workspace_id"],
                conversation_id=talk["id"],
                seq=talk["next_seq"],
                role="assistant",
                state="answered",
                content=answer.content,
                attempts=0,
                created_at=now,
                finished_at=now,
            )
        )
        tx.execute(
            reply.insert().values(
                id=reply_id,
                workspace_id=talk["workspace_id"],
                conversation_id=talk["id"],
                content=answer.content,
                citations=[asdict(citation) for citation in answer.citations],
                support=answer.support,
                answerer=answer.answerer,
                model=answer.model,
                snapshot=answer.snapshot,
                created_at=now,
                **asdict(answer.usage),
            )
        )
        tx.execute(
            message.update()
            .where(message.c.id.in_([row["id"] for row in rows]))
            .values(state="answered", finished_at=now, reply_id=reply_id, error=None, timings=dict(answer.timings))
        )
        announce_messages(tx, rows, "answered", now=now, data={"reply_id": reply_id})

    def _hand_over(
        self, tx: sa.Connection, talk: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], handoff: Handoff, *, now: int
    ) -> None:
        """End `rows` with the handoff and all else that is open with it, and make a person the owner."""
        told = {"reason": handoff.reason, "summary": handoff.summary, "ticket": None}
        values = {"state": "handed_off", "finished_at": now, "timings": dict(handoff.timings)}
        ids = [row["id"] for row in rows]
        error = None if handoff.error is None else dict(handoff.error)
        tx.execute(message.update().where(message.c.id.in_(ids)).values(handoff=told, error=error, **values))
        announce_messages(tx, rows, "handed_off", now=now, data=told)
        behind = [row for row in self._open_messages(tx, talk["id"]) if row["id"] not in ids]
        owned = told | {"reason": "owned_by_person"}
        tx.execute(
            message.update().where(message.c.id.in_([row["id"] for row in behind])).values(handoff=owned, **values)
        )
        announce_messages(tx, behind, "handed_off", now=now, data=owned)
        self._update(
            tx,
            talk,
            owner="human",
            handoff={"reason": handoff.reason, "summary": handoff.summary, "at": wire.time(now)},
            mailbox="idle",
            due_at=None,
            lease_holder=None,
            history=talk["history"] + 1,
        )
        if talk["owner"] != "human":
            announce_conversation(tx, talk, "conversation.handed_off", now=now, data=told)

    def _requeue(self, tx: sa.Connection, claim: Claim, *, error: dict[str, Any] | None, refund: bool = False) -> None:
        values: dict[str, Any] = {"state": "queued", "error": error}
        if refund:
            values["attempts"] = message.c.attempts - 1
        tx.execute(
            message.update()
            .where(
                message.c.conversation_id == claim.conversation_id,
                message.c.state == "running",
                message.c.fence == claim.token,
            )
            .values(**values)
        )

    def _change_owner(
        self, workspace_id: str, conversation_id: str, owner: str, type: str, *, allowed: tuple[str, ...]
    ) -> tuple[str, ...]:
        with self._store.begin() as tx:
            talk = self._seize(tx, conversation.c.id == conversation_id, conversation.c.workspace_id == workspace_id)
            if talk["owner"] not in allowed:
                raise Conflict(f"The conversation's owner is {talk['owner']}.")
            now = talk["updated_at"]
            rows = self._open_messages(tx, conversation_id)
            ids = [row["id"] for row in rows]
            tx.execute(message.update().where(message.c.id.in_(ids)).values(state="cancelled", finished_at=now))
            announce_messages(tx, rows, "cancelled", now=now)
            self._settle(tx, talk, more=False, owner=owner, history=talk["history"] + 1)
            if talk["owner"] != owner:
                announce_conversation(tx, talk, type, now=now, data={})
            return tuple(ids)


def backoff_s(attempts: int) -> float:
    """Return the wait before the next attempt: 1, 2, 4 … s, at most 30."""
    return float(min(30, 2 ** max(0, attempts - 1)))


def late_summary(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what a person should know of messages that nobody answered in time."""
    asked = " / ".join(" ".join(row["content"].split())[:200] for row in rows)
    return f"No answer was ready by the deadline. The customer wrote: {asked}"
