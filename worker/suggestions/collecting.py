"""Find what humans replied where the bot had no answer."""

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kb.segmentation import is_unspaced
from worker.ids import new_id
from worker.reading.message import read
from worker.redaction import Redactor
from worker.states import ExchangeState, HandoffReason, Owner, Role
from worker.store.engine import Store
from worker.store.selection import EVERY_WORKSPACE, Selection
from worker.store.tables import HANDED_OFF_MESSAGE, conversation, exchange, message
from worker.store.upsert import upsert_into

#: Handoffs that a better knowledge base would have spared.
REASONS = (HandoffReason.NO_ANSWER, HandoffReason.LOW_SUPPORT)

#: An agent's reply counts once the conversation left their hands, or was quiet for so long.
SETTLED_MS = 3_600_000

#: Older handoffs are not looked at.
_WINDOW_MS = 14 * 86_400_000

#: A reply with fewer words answers nothing that others may ask.
MIN_WORDS = 6

#: Parts of names that are words of a language as well.
_PARTICLES = {"the", "von", "van", "der", "den", "del", "dos"}

_MAX_QUESTION = 2_000
_MAX_REPLY = 20_000


class Collector:
    """Keeps exchanges, without personal data, until they are drafted. Any number of processes may do so at once."""

    def __init__(self, store: Store, redactor: Redactor | None = None) -> None:
        self._store = store
        self._redactor = redactor or Redactor()
        self._now = store.clock.sql()
        self._insert = upsert_into(store, exchange).on_conflict_do_nothing(index_elements=[exchange.c.message_id])

    def collect(self, *, workspaces: Selection = EVERY_WORKSPACE, limit: int = 50) -> int:
        """Keep exchanges of workspaces that are new, oldest first, and return how many.

        Raises:
            DatabaseUnavailable: try again later.
        """
        with self._store.read() as connection:
            found = connection.execute(self._new(limit).where(workspaces.where(message.c.workspace_id))).all()
        for row in found:
            with self._store.begin() as tx:
                self._keep(tx, row)
        return len(found)

    def _new(self, limit: int) -> sa.Select[Any]:
        """Return a SELECT of customers' messages that a human has replied to, and that are not kept yet."""
        agents = message.alias("agents")
        replied = sa.exists().where(
            agents.c.conversation_id == message.c.conversation_id,
            agents.c.role == Role.AGENT,
            agents.c.seq > message.c.seq,
        )
        quiet = conversation.c.updated_at <= self._now - SETTLED_MS
        return (
            sa.select(message, conversation.c.subject, conversation.c.requester)
            .join(conversation, conversation.c.id == message.c.conversation_id)
            .where(
                HANDED_OFF_MESSAGE,
                message.c.created_at >= self._now - _WINDOW_MS,
                message.c.role == Role.CUSTOMER,
                message.c.handoff["reason"].as_string().in_(REASONS),
                replied,
                sa.or_(conversation.c.owner != Owner.HUMAN, quiet),
                ~sa.exists().where(exchange.c.message_id == message.c.id),
            )
            .order_by(message.c.created_at)
            .limit(limit)
        )

    def _keep(self, tx: sa.Connection, asked: sa.Row[Any]) -> None:
        replies = self._replies(tx, asked)
        names = [str((asked.requester or {}).get("name") or ""), *(str(item.author or "") for item in replies)]
        question = read(asked.content, subject=asked.subject if asked.seq == 1 else None).written
        reply = "\n\n".join(read(item.content).written for item in replies)
        is_telling = len(reply.split()) >= MIN_WORDS and not asked.from_third_party
        kept = {
            "question": self._without_names(question, names)[:_MAX_QUESTION] if is_telling else "",
            "reply": self._without_names(reply, names)[:_MAX_REPLY] if is_telling else "",
            "state": ExchangeState.QUEUED if is_telling else ExchangeState.SKIPPED,
            "due_at": self._now if is_telling else None,
        }
        values = {
            "id": new_id("exc"),
            "workspace_id": asked.workspace_id,
            "conversation_id": asked.conversation_id,
            "message_id": asked.id,
            "asked_at": asked.created_at,
            "attempts": 0,
            "created_at": self._now,
            **kept,
        }
        still_there = sa.select(conversation.c.id).where(conversation.c.id == asked.conversation_id).with_for_update()
        if tx.execute(still_there).first() is not None:  # it may have been erased meanwhile
            tx.execute(self._insert.values(**values))

    def _replies(self, tx: sa.Connection, asked: sa.Row[Any]) -> Sequence[sa.Row[Any]]:
        """Return the agents' replies after a message, up to the next question that the bot could not answer."""
        later = (
            sa.select(message)
            .where(message.c.conversation_id == asked.conversation_id, message.c.seq > asked.seq)
            .order_by(message.c.seq)
        )
        replies: list[sa.Row[Any]] = []
        for row in tx.execute(later):
            if row.role == Role.AGENT:
                replies.append(row)
            elif replies and row.role == Role.CUSTOMER and (row.handoff or {}).get("reason") in REASONS:
                break
        return replies

    def _without_names(self, text: str, names: Sequence[str]) -> str:
        """Return a text with personal data masked: what `worker.redaction` finds, and the names of both sides."""
        parts = {part for name in names for part in (name, *name.split()) if len(part) >= 3 or not part.isascii()}
        for word in sorted(parts - _PARTICLES, key=len, reverse=True):  # the whole name first
            pattern = re.escape(word) if is_unspaced(word) else rf"(?<!\w){re.escape(word)}(?!\w)"
            text = re.sub(pattern, "[name]", text, flags=re.I)
        return self._redactor.mask(re.sub(r"\[name\](?: \[name\])+", "[name]", text)).strip()
