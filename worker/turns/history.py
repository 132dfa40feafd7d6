"""Build session state from SQL, when Redis has none or an old one."""

from dataclasses import replace

from worker.conversations.outcomes import OPEN
from worker.conversations.sessions import Session, Turn
from worker.states import MessageState, Role
from worker.store.engine import Store
from worker.store.scope import Scope
from worker.store.tables import message
from worker.turns.mailbox import Claim


def blank(claim: Claim) -> Session:
    """Return the state of a claimed conversation in which nothing was said before."""
    return Session(
        conversation_id=claim.conversation_id,
        workspace_id=claim.workspace_id,
        history=claim.history,
    )


def rebuild(store: Store, claim: Claim, *, window: int) -> Session:
    """Return the state of a claimed conversation, from the newest `window` things that were said."""
    scope = Scope(store, claim.workspace_id)
    said = (
        scope.select(message, message.c.seq, message.c.role, message.c.content, message.c.state)
        .where(
            message.c.conversation_id == claim.conversation_id, message.c.state.not_in((*OPEN, MessageState.CANCELLED))
        )
        .order_by(message.c.seq.desc())
    )
    with store.read() as connection:
        rows = connection.execute(said.limit(window)).all()
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
