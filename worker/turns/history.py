"""The session of a conversation for one turn: loaded before it is answered, stored with the outcome after the commit.

Sessions are a cache in Redis of what SQL has; without Redis, or when a session is old, it is built from SQL.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from worker.conversations.outcomes import OPEN, Answer, Handoff
from worker.conversations.sessions import Session, SessionStore, SessionsUnavailable, Turn
from worker.states import MessageState, Owner, Role
from worker.store.engine import Store
from worker.store.scope import Scope
from worker.store.tables import message
from worker.telemetry import logs
from worker.turns.mailbox import Claim, Finished

log = logs.get(__name__)


@dataclass(frozen=True, kw_only=True)
class History:
    """Loads and stores sessions; each keeps the newest `window` turns. Safe to share between threads."""

    sessions: SessionStore
    store: Store
    window: int

    def load(self, claim: Claim) -> Session:
        """Return the session of a claimed conversation, with the turns before the claimed messages."""
        if claim.history == 0:
            return blank(claim)
        try:
            session = self.sessions.get(claim.conversation_id)
        except SessionsUnavailable as error:
            log.warning("session_rebuilt", why="unavailable", **error.context)
            session = None
        if session is not None and session.history == claim.history:
            return session
        return rebuild(self.store, claim, window=self.window)

    def save(self, claim: Claim, session: Session, outcome: Answer | Handoff, finished: Finished) -> None:
        """Add the messages that ended, and their reply, to the session."""
        if not finished.message_ids:
            return
        turns = _turns(claim, outcome, finished)
        answered = isinstance(outcome, Answer)
        ended = len(finished.message_ids)
        changed = session.extended(
            turns,
            history=finished.history,
            owner=Owner.BOT if answered else Owner.HUMAN,
            window=self.window,
            counted={"messages": ended, "answered" if answered else "handed_off": ended},
        )
        try:
            self.sessions.put(changed)
        except SessionsUnavailable as error:
            log.warning("session_not_kept", **error.context)


def blank(claim: Claim) -> Session:
    """Return the session of a claimed conversation that has no turns yet."""
    return Session(
        conversation_id=claim.conversation_id,
        workspace_id=claim.workspace_id,
        history=claim.history,
    )


def rebuild(store: Store, claim: Claim, *, window: int) -> Session:
    """Return the session of a claimed conversation from SQL, with its newest `window` turns."""
    scope = Scope(store, claim.workspace_id)
    ended = (
        scope.select(message, message.c.seq, message.c.role, message.c.content, message.c.state)
        .where(
            message.c.conversation_id == claim.conversation_id, message.c.state.not_in((*OPEN, MessageState.CANCELLED))
        )
        .order_by(message.c.seq.desc())
    )
    with store.read() as connection:
        rows = connection.execute(ended.limit(window)).all()
    turns = tuple(Turn(seq=row.seq, role=row.role, content=row.content) for row in reversed(rows))
    customers = [row for row in rows if row.role == Role.CUSTOMER]
    return replace(
        blank(claim),
        last_seq=turns[-1].seq if turns else 0,
        turns=turns,
        counters={
            "messages": len(customers),
            "answered": sum(row.state == MessageState.ANSWERED for row in customers),
            "handed_off": sum(row.state == MessageState.HANDED_OFF for row in customers),
        },
    )


def _turns(claim: Claim, outcome: Answer | Handoff, finished: Finished) -> Sequence[Turn]:
    """Return the turns that a message added to a conversation."""
    turns = [
        Turn(seq=ended.seq, role=Role.CUSTOMER, content=ended.content)
        for ended in claim.messages
        if ended.id in finished.message_ids
    ]
    if isinstance(outcome, Answer) and finished.seq is not None:
        turns.append(Turn(seq=finished.seq, role=Role.ASSISTANT, content=outcome.content))
    return turns
