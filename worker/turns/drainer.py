"""Take the turns of one conversation: claim it, answer what is open in it, finish, notify."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kb.errors import KnowledgeError, SnapshotOutdated
from worker.answering.question import Question, Revoked
from worker.conversations import outcomes
from worker.conversations.attachments import Attached
from worker.conversations.outcomes import Answer, Handoff, Outcome, Piece, Retry
from worker.conversations.sessions import Session
from worker.customers.known_facts import no_facts
from worker.errors import AnswerbackError, DatabaseUnavailable
from worker.reading.message import read
from worker.reading.subjects import NO_TEXT
from worker.telemetry import logs, tracing
from worker.telemetry.counters import Meter, Unmetered
from worker.turns.history import History
from worker.turns.leases import Lease, Leases
from worker.turns.mailbox import Claim, Ignored, LeaseLost, Mailbox
from worker.turns.slots import Slots
from worker.voice.voice import DEFAULT_VOICE, Voice

log = logs.get(__name__)


class Answers(Protocol):
    """Answers questions: the agent, or a fake of it."""

    def answer(self, question: Question, *, revoked: Callable[[], bool], say: Callable[[Piece], None]) -> Outcome:
        """Return the outcome of a question; `say` receives each piece of the answer that is supported.

        Raises:
            Revoked: `revoked` returned True: nobody waits for the answer any more.
        """
        ...


class Loops(Protocol):
    """Finds turns that would go on in circles."""

    def check(self, claim: Claim, session: Session) -> Handoff | Ignored | None:
        """Return how a claim ends that is not to be answered, or None."""
        ...


class NoLoops:
    """Finds none."""

    def check(self, _claim: Claim, _session: Session) -> None:
        """Return None."""


class Hints(Protocol):
    """Tells workers where to look; a hint may be lost."""

    def deliver(self, conversation_id: str) -> None:
        """Hint at the deliveries of a conversation that are due, if there are any."""


@dataclass(frozen=True, kw_only=True)
class WorkspaceParts:
    """The parts of a turn that depend on the settings of the workspace.

    Attributes:
        loops: ends the turns of two machines that answer each other.
        known: returns the memories of a customer that help with a question: workspace, customer's data, question.
    """

    agent: Answers
    loops: Loops = NoLoops()
    known: Callable[[str, Mapping[str, Any], str], Mapping[str, str]] = no_facts


@dataclass(frozen=True, kw_only=True)
class Drainer:
    """Takes turns. Safe to share between threads.

    Attributes:
        wake: wakes the streams that wait for a conversation; never fails.
        say: publishes a piece of an answer that is being written.
        parts_of: returns the parts of a workspace as its settings are now; called once per turn.
        attachments: returns the files of a workspace by their ids, read.
        voice: returns the voice of a workspace.
    """

    mailbox: Mailbox
    leases: Leases
    history: History
    parts_of: Callable[[str], WorkspaceParts]
    hints: Hints
    wake: Callable[[str], None]
    say: Callable[[Claim, Piece], None] = lambda _claim, _piece: None
    slots: Slots
    stopping: threading.Event
    attachments: Callable[[str, Sequence[str]], Sequence[Attached]] = lambda _workspace_id, _ids: ()
    voice: Callable[[str], Voice] = lambda _workspace_id: DEFAULT_VOICE
    meter: Meter = Unmetered()

    def drain(self, conversation_id: str) -> None:
        """Answer what is open in one conversation, oldest first, and then elsewhere while there is any.

        Returns at once when another worker has the conversation, or when all slots are taken: each of those turns ends
        with a look for the next. Looking further after a turn, and not before, keeps a crowd of stale hints cheap and
        yet leaves no slot idle while something is ready.
        """
        with self.slots.take() as taken:
            if not taken:
                return
            claim = None if self.stopping.is_set() else self.mailbox.claim(conversation_id)
            while claim is not None:
                self._take_turn(claim)
                claim = None if self.stopping.is_set() else self.mailbox.claim_any()

    def _take_turn(self, claim: Claim) -> None:
        """Work on one claim, whose end is logged and traced with the ids of its newest message."""
        newest = claim.messages[-1]
        with (
            logs.bound(
                conversation_id=claim.conversation_id,
                message_id=newest.id,
                seq=newest.seq,
                attempt=claim.attempts,
                request_id=newest.request_id,
            ),
            tracing.span(
                "turn",
                parent=newest.traceparent,
                links=[older.traceparent for older in claim.messages[:-1]],
                kind=tracing.SpanKind.CONSUMER,
                conversation_id=claim.conversation_id,
                message_id=newest.id,
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
            except DatabaseUnavailable as error:  # the lease expires, and the message is claimed again
                log.warning("turn_not_finished", code=error.code, **error.context)

    def _answer(self, claim: Claim, lease: Lease) -> None:
        """Answer a claim and finish it, or have it tried again later."""
        session = self.history.load(claim)
        outcome = self._given_up(claim) or self._outcome(claim, session, lease)
        if isinstance(outcome, Retry):
            self.mailbox.retry(claim, outcome)
            self.meter.add("retries")
            log.warning("turn_will_be_retried", error=dict(outcome.error))
            return
        finished = self.mailbox.finish(claim, outcome)
        self.wake(claim.conversation_id)
        self.hints.deliver(claim.conversation_id)
        self.history.save(claim, session, outcome, finished)
        self._measure(claim, outcome, len(finished.message_ids))
        log.info("turn_finished", outcome=type(outcome).__name__.lower(), messages=len(finished.message_ids))

    def _given_up(self, claim: Claim) -> Handoff | None:
        """Return the handoff of a claim that was tried too often or is too late; None when it may be answered."""
        if self.mailbox.exhausted(claim):
            return outcomes.given_up(claim.messages, attempts=claim.attempts - 1)
        return outcomes.overdue(claim.messages) if claim.remaining_s <= 0 else None

    def _outcome(self, claim: Claim, session: Session, lease: Lease) -> Outcome | Ignored:
        """Return the outcome of a claim by the settings that hold now; settings that cannot be used are tried again."""
        try:
            parts = self.parts_of(claim.workspace_id)
        except DatabaseUnavailable:
            raise
        except AnswerbackError as error:
            log.error("settings_unusable", code=error.code, cause=str(error))
            return Retry(error={"code": "settings_unusable", "message": str(error)})
        return parts.loops.check(claim, session) or self._ask(parts, claim, session, lease)

    def _ask(self, parts: WorkspaceParts, claim: Claim, session: Session, lease: Lease) -> Outcome:
        """Return the agent's outcome; an error of it is a reason to try again."""

        def say(piece: Piece) -> None:
            if lease.revoked:
                raise Revoked
            self.say(claim, piece)

        question = self._question(parts, claim, session)
        try:
            return parts.agent.answer(question, revoked=lambda: lease.revoked, say=say)
        except (Revoked, LeaseLost):
            raise
        except SnapshotOutdated as error:  # an upgrade is under way, so this is no attempt of the message's
            return Retry(error={"code": error.code, "message": str(error)}, after_s=2.0, counts=False)
        except (AnswerbackError, KnowledgeError) as error:
            log.warning("turn_failed", code=error.code, cause=str(error))
            return Retry(error={"code": error.code, "message": str(error)})
        except Exception:
            log.exception("turn_failed")
            return Retry(error={"code": "unexpected", "message": "The worker failed in a way that was not foreseen."})

    def _question(self, parts: WorkspaceParts, claim: Claim, session: Session) -> Question:
        """Return the claimed messages as one question, with what is known of their customer.

        Data of a customer is for them alone, not for a third party who writes in their conversation. It is never taken
        from the session: the conversation may have been given to another customer since.
        """
        newest = claim.messages[-1]
        from_third_party = any(message.from_third_party for message in claim.messages)
        facts = {} if from_third_party else {name: value for name, value in claim.requester.items() if value}
        file_ids = [id for message in claim.messages for id in message.attachments or ()]
        readings = [
            read(message.content, subject=claim.subject if message.seq == 1 else None) for message in claim.messages
        ]
        content = "\n\n".join(reading.written for reading in readings if reading.written != NO_TEXT)
        return Question(
            workspace_id=claim.workspace_id,
            conversation_id=claim.conversation_id,
            message_id=newest.id,
            key_id=newest.key_id,
            seq=claim.messages[0].seq,
            known=parts.known(claim.workspace_id, facts, content) if facts else {},
            content=content,
            quoted="\n".join(reading.quoted for reading in readings if reading.quoted),
            subject=claim.subject,
            turns=session.turns,
            facts=facts,
            attachments=self.attachments(claim.workspace_id, file_ids) if file_ids else (),
            remaining_s=claim.remaining_s,
            voice=self.voice(claim.workspace_id),
            channel=claim.channel,
        )

    def _measure(self, claim: Claim, outcome: Answer | Handoff | Ignored, ended: int) -> None:
        if isinstance(outcome, Ignored):
            self.meter.add("automatic_messages", ended)
        else:
            reason = outcome.reason if isinstance(outcome, Handoff) else "partly_answered" if outcome.unanswered else ""
            self.meter.add("messages", ended, outcome=outcomes.outcome_of(outcome), reason=reason)
        if claim.attempts == 1:
            self.meter.observe("turn_wait_seconds", claim.waited_s)
        for stage, ms in outcome.timings.items():
            if stage.endswith("_ms"):
                self.meter.observe("turn_seconds", ms / 1_000, stage=stage.removesuffix("_ms"))
