"""Answer what waits in one conversation: the work behind a hint."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from kb.errors import KnowledgeError, SnapshotOutdated
from worker.answering.question import Question, Revoked
from worker.conversations.attachments import Attached
from worker.conversations.outcomes import Answer, Handoff, Outcome, Piece, Retry
from worker.conversations.sessions import Session, SessionStore, SessionsUnavailable, Turn
from worker.errors import AnswerbackError, DatabaseUnavailable
from worker.states import HandoffReason, MessageState, Owner, Role
from worker.store.engine import Store
from worker.telemetry import logs, tracing
from worker.telemetry.counters import Meter, Unmetered
from worker.turns import history
from worker.turns.leases import Lease, Leases
from worker.turns.mailbox import Claim, Finished, LeaseLost, Mailbox, late_summary

log = logs.get(__name__)


class Answers(Protocol):
    """Whoever answers: the agent, or a fake of it."""

    def answer(self, question: Question, *, revoked: Callable[[], bool], say: Callable[[Piece], None]) -> Outcome:
        """Return how a question ends; `revoked` says that nobody waits for it, `say` is told what is supported.

        Raises:
            Revoked: it stopped for that reason.
        """
        ...


class Hints(Protocol):
    """Whoever tells workers where to look; a hint may be lost."""

    def deliver(self, conversation_id: str) -> None:
        """Hint at the deliveries of a conversation that are due, if there are any."""


class Slots:
    """How many turns this process takes at once, whoever asked for them: a hint or a sweep."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._guard = threading.Lock()
        self.taken = 0

    @property
    def free(self) -> int:
        """How many could be taken now."""
        return self.size - self.taken

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Hold a slot for the block; yields whether there was one. Never waits."""
        with self._guard:
            held = self.taken < self.size
            self.taken += held
        try:
            yield held
        finally:
            with self._guard:
                self.taken -= held


@dataclass(frozen=True, kw_only=True)
class Drainer:
    """Takes turns: claim, load the session, answer, finish. Safe to share between threads."""

    mailbox: Mailbox
    leases: Leases
    sessions: SessionStore
    store: Store
    agent: Answers
    hints: Hints
    wake: Callable[[str], None]
    say: Callable[[Claim, Piece], None] = lambda _claim, _piece: None
    window: int
    slots: Slots
    stopping: threading.Event
    attachments: Callable[[str, Sequence[str]], Sequence[Attached]] = lambda _workspace_id, _ids: ()
    known: Callable[[str, Mapping[str, Any], str], Mapping[str, str]] = lambda _workspace_id, _facts, _question: {}
    meter: Meter = Unmetered()

    def drain(self, conversation_id: str) -> None:
        """Answer what waits in one conversation, oldest first, and then elsewhere while there is any.

        Returns at once when another worker has the conversation, or when all slots are taken: each of those turns ends
        with a look for the next. Looking further after a turn, and not before, keeps a crowd of stale hints cheap and
        yet leaves no slot idle while something is ready.
        """
        with self.slots.one() as taken:
            if not taken:
                return
            claim = None if self.stopping.is_set() else self.mailbox.claim(conversation_id)
            while claim is not None:
                self._take_turn(claim)
                claim = None if self.stopping.is_set() else self.mailbox.claim_any()

    def _take_turn(self, claim: Claim) -> None:
        """Work on one claim."""
        newest = claim.messages[-1]
        with (
            logs.bound(
                conversation_id=claim.conversation_id,
                message_id=newest["id"],
                seq=newest["seq"],
                attempt=claim.attempts,
                request_id=newest["request_id"],
            ),
            tracing.span(
                "turn",
                parent=newest["traceparent"],
                links=[one["traceparent"] for one in claim.messages[:-1]],
                kind=tracing.SpanKind.CONSUMER,
                conversation_id=claim.conversation_id,
                message_id=newest["id"],
                attempt=claim.attempts,
            ),
            self.leases.hold(claim) as lease,
        ):
            try:
                self._answer(claim, lease)
            except Revoked:
                log.info("turn_revoked", lost=lease.lost)
                if lease.lost and not self.stopping.is_set():
                    self.meter.add("leases_lost")
                if not lease.lost:
                    self.mailbox.release(claim)
            except LeaseLost as error:
                self.meter.add("writes_fenced")
                log.warning("write_fenced", **error.context)
            except DatabaseUnavailable as error:  # the lease runs out, and the message is taken up again
                log.warning("turn_not_finished", code=error.code, **error.context)

    def _answer(self, claim: Claim, lease: Lease) -> None:
        session = self._load(claim)
        outcome = self._outcome(claim, session, lease)
        if isinstance(outcome, Retry):
            self.mailbox.retry(claim, outcome)
            self.meter.add("retries")
            log.warning("turn_will_be_retried", error=dict(outcome.error))
            return
        finished = self.mailbox.finish(claim, outcome)
        self.wake(claim.conversation_id)
        self._measure(claim, outcome, len(finished.message_ids))
        self.hints.deliver(claim.conversation_id)
        self._remember(claim, session, outcome, finished)
        log.info("turn_finished", outcome=type(outcome).__name__.lower(), messages=len(finished.message_ids))

    def _outcome(self, claim: Claim, session: Session, lease: Lease) -> Outcome:
        if self.mailbox.exhausted(claim):
            return Handoff(
                reason=HandoffReason.ERROR,
                summary=f"No answer after {claim.attempts - 1} attempts.",
                error=claim.messages[0]["error"] or {"code": "too_many_attempts", "message": "The worker was lost."},
            )
        if claim.remaining_s <= 0:
            return Handoff(reason=HandoffReason.DEADLINE, summary=late_summary(claim.messages))
        # What is known of a customer is for them alone, not for whoever else writes in their conversation. It is never
        # taken from the session: whose conversation it is may have been changed since.
        strange = any(message["stranger"] for message in claim.messages)
        facts = {} if strange else {name: value for name, value in claim.requester.items() if value}
        ids = [id for message in claim.messages for id in message["attachments"] or ()]
        content = "\n\n".join(message["content"] for message in claim.messages)
        question = Question(
            workspace_id=claim.workspace_id,
            conversation_id=claim.conversation_id,
            message_id=claim.messages[-1]["id"],
            key_id=claim.messages[-1]["key_id"],
            seq=claim.messages[0]["seq"],
            known=self.known(claim.workspace_id, facts, content) if facts else {},
            content=content,
            subject=claim.subject,
            turns=session.turns,
            facts=facts,
            attachments=self.attachments(claim.workspace_id, ids) if ids else (),
            remaining_s=claim.remaining_s,
        )
        try:
            return self.agent.answer(
                question, revoked=lambda: lease.revoked, say=lambda piece: self._say(claim, lease, piece)
            )
        except (Revoked, LeaseLost):
            raise
        except SnapshotOutdated as error:  # an upgrade is under way, and the message can do nothing for it
            return Retry(error={"code": error.code, "message": str(error)}, after_s=2.0, counts=False)
        except (AnswerbackError, KnowledgeError) as error:
            log.warning("turn_failed", code=error.code, cause=str(error))
            return Retry(error={"code": error.code, "message": str(error)})
        except Exception:
            log.exception("turn_failed")
            return Retry(error={"code": "unexpected", "message": "The worker failed in a way that was not foreseen."})

    def _measure(self, claim: Claim, outcome: Answer | Handoff, ended: int) -> None:
        if isinstance(outcome, Answer):
            self.meter.add("messages", ended, outcome=MessageState.ANSWERED, reason="")
        else:
            self.meter.add("messages", ended, outcome=MessageState.HANDED_OFF, reason=outcome.reason)
        if claim.attempts == 1:
            self.meter.observe("turn_wait_seconds", claim.waited_s)
        for stage, ms in outcome.timings.items():
            if stage.endswith("_ms"):
                self.meter.observe("turn_seconds", ms / 1_000, stage=stage.removesuffix("_ms"))

    def _say(self, claim: Claim, lease: Lease, piece: Piece) -> None:
        if lease.revoked:
            raise Revoked
        self.say(claim, piece)

    def _load(self, claim: Claim) -> Session:
        if claim.history == 0:  # nothing was said yet, so there is nothing to look for
            return history.blank(claim)
        try:
            session = self.sessions.get(claim.conversation_id)
        except SessionsUnavailable as error:
            log.warning("session_rebuilt", why="away", **error.context)
            session = None
        if session is not None and session.history == claim.history:
            return session
        return history.rebuild(self.store, claim, window=self.window)

    def _remember(self, claim: Claim, session: Session, outcome: Answer | Handoff, finished: Finished) -> None:
        if not finished.message_ids:
            return
        ended = [row for row in claim.messages if row["id"] in finished.message_ids]
        turns = [Turn(seq=row["seq"], role=Role.CUSTOMER, content=row["content"]) for row in ended]
        answered = isinstance(outcome, Answer)
        if isinstance(outcome, Answer) and finished.seq is not None:
            turns.append(Turn(seq=finished.seq, role=Role.ASSISTANT, content=outcome.content))
        changed = session.extended(
            turns,
            history=finished.history,
            owner=Owner.BOT if answered else Owner.HUMAN,
            window=self.window,
            counted={"messages": len(ended), "answered" if answered else "handed_off": len(ended)},
        )
        try:
            self.sessions.put(changed)
        except SessionsUnavailable as error:
            log.warning("session_not_kept", **error.context)
