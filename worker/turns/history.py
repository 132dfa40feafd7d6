"""The session of a conversation for one turn: loaded before it is answered, stored with the outcome after the commit.

Sessions are a cache in Redis of what SQL has; without Redis, or when a session is old, it is built from SQL.
"""

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from worker.conversations.outcomes import OPEN, Answer, Handoff, outcome_of
from worker.conversations.sessions import Session, SessionStore, SessionsUnavailable, Turn
from worker.reading.message import read
from worker.states import MessageState, Owner, ReplyKind, Role
from worker.store.engine import Store
from worker.store.scope import Scope
from worker.store.tables import message, reply
from worker.telemetry import logs
from worker.turns.mailbox import Claim, Finished, Ignored

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

    def save(self, claim: Claim, session: Session, outcome: Answer | Handoff | Ignored, finished: Finished) -> None:
        """Add the messages that ended, and their reply, to the session."""
        if not finished.message_ids:
            return
        turns: list[Turn] = []
        owner, counted = Owner.BOT, dict[str, int]()
        if not isinstance(outcome, Ignored):
            turns = _turns(claim, outcome, finished)
            owner = Owner.BOT if isinstance(outcome, Answer) else Owner.HUMAN
            ended = len(finished.message_ids)
            counted = {"messages": ended, outcome_of(outcome): ended}
        changed = session.extended(
            turns,
            history=finished.history,
            owner=owner,
            window=self.window,
            counted=counted,
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
    columns = (message.c.seq, message.c.role, message.c.content, message.c.state, reply.c.kind)
    ended = (
        scope.select(message, *columns)
        .outerjoin_from(message, reply, reply.c.id == sa.func.coalesce(message.c.reply_id, message.c.id))
        .where(
            message.c.conversation_id == claim.conversation_id, message.c.state.not_in((*OPEN, MessageState.CANCELLED))
        )
        .order_by(message.c.seq.desc())
    )
    with store.read() as connection:
        rows = connection.execute(ended.limit(window)).all()
    turns = tuple(_turn(row, _said(claim, row.role, row.seq, row.content)) for row in reversed(rows))
    customers = [row for row in rows if row.role == Role.CUSTOMER]
    answered = [row for row in customers if row.state == MessageState.ANSWERED]
    clarified = sum(row.kind == ReplyKind.CLARIFICATION for row in answered)
    return replace(
        blank(claim),
        last_seq=turns[-1].seq if turns else 0,
        turns=turns,
        counters={
            "messages": len(customers),
            "answered": len(answered) - clarified,
            "clarified": clarified,
            "handed_off": sum(row.state == MessageState.HANDED_OFF for row in customers),
        },
    )


def _said(claim: Claim, role: Role, seq: int, content: str) -> str:
    """Return the text of a message: a customer's without what it quotes, and the first with its subject."""
    if role != Role.CUSTOMER:
        return content
    return read(content, subject=claim.subject if seq == 1 else None).written


def _turns(claim: Claim, outcome: Answer | Handoff, finished: Finished) -> list[Turn]:
    """Return the turns that a message added to a conversation."""
    turns = [
        Turn(seq=ended.seq, role=Role.CUSTOMER, content=_said(claim, Role.CUSTOMER, ended.seq, ended.content))
        for ended in claim.messages
        if ended.id in finished.message_ids
    ]
    if isinstance(outcome, Answer) and finished.seq is not None:
        turns.append(Turn(seq=finished.seq, role=Role.ASSISTANT, content=outcome.content, kind=outcome.kind))
    return turns


def _turn(row: sa.Row[Any], said: str) -> Turn:
    kind = row.kind if row.role == Role.ASSISTANT and row.kind else ReplyKind.ANSWER
    return Turn(seq=row.seq, role=row.role, content=said, kind=ReplyKind(kind))
