"""End exchanges of two machines: the bot's replies in a conversation are counted, and so is a text that only repeats.

A human's doing begins the count anew: an agent's reply, a conversation that is given back, a message tried again.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from worker.conversations.outcomes import Handoff
from worker.conversations.sessions import Session
from worker.reading.automatic import Automatic
from worker.reading.message import read
from worker.states import EventType, HandoffReason, Role
from worker.store.engine import Store
from worker.store.tables import event, message
from worker.turns.mailbox import Claim, Ignored

_HOUR_MS = 3_600_000

#: A text that was sent this often in a row before, within the hour, is a machine's.
_REPEATS = 3

#: Shorter texts, such as "yes" and "any news?", are repeated by people too.
_MIN_WORDS = 5


@dataclass(frozen=True, kw_only=True)
class LoopGuard:
    """Finds turns that are not to be answered. Safe to share between threads.

    Attributes:
        max_replies: replies of the bot in one conversation in an hour; 0 for no guard at all.
    """

    store: Store
    max_replies: int

    def check(self, claim: Claim, session: Session) -> Handoff | Ignored | None:
        """Return how a claim ends that would go on in circles; None when it may be answered.

        SQL is asked only when the session shows that there was so much.
        """
        if not self.max_replies:
            return None
        said = _plain(claim.messages[-1].content)
        before = [_plain(turn.content) for turn in session.turns if turn.role == Role.CUSTOMER]
        repeated = (
            len(said.split()) >= _MIN_WORDS
            and all(_plain(claimed.content) == said for claimed in claim.messages)
            and before[-_REPEATS:] == [said] * _REPEATS
        )
        may_exceed = self.max_replies <= claim.history
        if not (repeated or may_exceed):
            return None
        replies, texts = self._since_a_human(claim)
        if repeated and texts[-_REPEATS:] == [said] * _REPEATS:
            sign = f"the same text {_REPEATS + 1} times in a row in an hour"
            return Ignored(error=Automatic(kind="repetition", sign=sign).error)
        if may_exceed and replies >= self.max_replies:
            summary = f"The bot has replied {replies} times within an hour. Another machine may be at the other end."
            return Handoff(reason=HandoffReason.RULE, category="reply_limit", summary=summary)
        return None

    def _since_a_human(self, claim: Claim) -> tuple[int, list[str]]:
        """Return the number of the bot's replies and the customer's texts of the last hour, since a human's doing."""
        hour_ago = self.store.clock.sql() - _HOUR_MS
        ours = message.c.conversation_id == claim.conversation_id
        recent = sa.select(message.c.role, message.c.content, message.c.created_at).where(
            ours,
            message.c.created_at > hour_ago,
            message.c.seq < claim.messages[0].seq,
        )
        events = sa.select(event.c.type, event.c.data, event.c.created_at).where(
            event.c.conversation_id == claim.conversation_id,
            event.c.type.in_((EventType.QUEUED, EventType.CONVERSATION_RESUMED)),
            event.c.created_at > hour_ago,
        )
        with self.store.read() as connection:
            messages = connection.execute(recent.order_by(message.c.seq)).all()
            done = connection.execute(events).all()
        since = max(
            [row.created_at for row in messages if row.role == Role.AGENT]
            + [row.created_at for row in done if row.type != EventType.QUEUED or (row.data or {}).get("retried")],
            default=0,
        )
        later = [row for row in messages if row.created_at > since]
        replies = sum(row.role == Role.ASSISTANT for row in later)
        return replies, [_plain(row.content) for row in later if row.role == Role.CUSTOMER]


def _plain(content: str) -> str:
    """Return the text of a message without differences of case and white space."""
    return " ".join(read(content).written.casefold().split())
