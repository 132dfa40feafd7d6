"""Keep `conversation_fact` up to date: the facts of conversations that changed since they were counted last."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from kb.languages import language_of, other_language_of
from worker.reports import cells
from worker.reports.facts import Course, Facts, Said, Work, facts_of
from worker.states import HandoffReason, MessageState, Rating, ReplyKind, Role, SpendingScope
from worker.store.engine import Store
from worker.store.rows import Conversation
from worker.store.tables import (
    UNREPORTED,
    conversation,
    conversation_fact,
    escalation,
    message,
    reply,
    spending,
    voice,
)
from worker.translations import ENGLISH

#: A change may be followed by another within the same millisecond, so what changed just now has to wait.
_SETTLED_MS = 1_000

#: Conversations of one transaction, and days that it adds up anew: SQLite has one writer, so it has to be short.
_BATCH = 100
_MAX_DAYS = 20

#: Characters that the language of a conversation is told from.
_SAMPLE = 1_000

#: The key of PostgreSQL's advisory lock; an arbitrary number.
_LOCK = 4_407_001


class FactCollector:
    """Counts conversations anew after each change. One process does so at a time; the others find nothing to do."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self, *, limit: int = _BATCH) -> int:
        """Bring up to `limit` conversations up to date, those that changed first; return how many there were.

        Raises:
            DatabaseUnavailable: the database cannot be reached.
        """
        changed = (
            sa.select(conversation)
            .where(UNREPORTED, conversation.c.updated_at <= self._store.clock.sql() - _SETTLED_MS)
            .order_by(conversation.c.updated_at)
            .limit(limit)
        )
        with self._store.read() as connection:
            if connection.execute(changed.limit(1)).first() is None:
                return 0  # takes no lock of SQLite while nothing changes
        with self._store.begin() as tx:
            if not self._is_alone(tx):
                return 0
            rows = tx.execute(changed.with_for_update(skip_locked=True)).mappings().all()
            found = [Conversation.from_row(row) for row in rows]
            return self._keep(tx, found) if found else 0

    def _is_alone(self, tx: sa.Connection) -> bool:
        """Whether no other process adds up the same days until this transaction ends; SQLite has one writer anyway."""
        if self._store.is_sqlite:
            return True
        return bool(tx.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))).scalar())

    def _keep(self, tx: sa.Connection, found: Sequence[Conversation]) -> int:
        """Count conversations, the first that are of few enough days; return how many these are."""
        ids = [row.id for row in found]
        parts = _Parts(tx, ids, sorted({row.workspace_id for row in found}))
        known = sa.select(conversation_fact.c.conversation_id, conversation_fact.c.started_at)
        times = {row[0]: [row[1]] for row in tx.execute(known.where(conversation_fact.c.conversation_id.in_(ids)))}
        taken: list[str] = []
        lines: list[dict[str, Any]] = []
        days: set[tuple[str, int]] = set()
        for row in found:
            facts = parts.facts(row)
            started = times.get(row.id, []) + ([] if facts is None else [facts.started_at])
            more = days | {(row.workspace_id, at // cells.DAY_MS) for at in started}
            if taken and len(more) > _MAX_DAYS:
                break
            taken.append(row.id)
            days = more
            if facts is not None:
                ours = {"conversation_id": row.id, "workspace_id": row.workspace_id, "channel": row.channel}
                lines.append({**vars(facts), **ours, "language": parts.language(row)})
        tx.execute(conversation_fact.delete().where(conversation_fact.c.conversation_id.in_(taken)))
        if lines:
            tx.execute(conversation_fact.insert(), lines)
        cells.rebuild(tx, days)
        here = conversation.c.id.in_(taken)
        tx.execute(conversation.update().where(here).values(reported_at=conversation.c.updated_at))
        return len(taken)


class _Parts:
    """Messages, escalations, costs and languages of some conversations, read at once."""

    def __init__(self, tx: sa.Connection, ids: Sequence[str], workspace_ids: Sequence[str]) -> None:
        self._said = _by_conversation(tx, _messages(ids))
        self._work = _by_conversation(
            tx,
            sa.select(escalation.c.conversation_id, escalation.c.reason, escalation.c.closed_at)
            .where(escalation.c.conversation_id.in_(ids))
            .order_by(escalation.c.id),
        )
        costs = sa.select(spending.c.subject, spending.c.cost_usd).where(
            spending.c.workspace_id.in_(workspace_ids),
            spending.c.scope == SpendingScope.CONVERSATION,
            spending.c.subject.in_(ids),
            spending.c.day == "",
        )
        self._costs = {row.subject: row.cost_usd for row in tx.execute(costs)}
        languages = sa.select(voice.c.workspace_id, voice.c.languages).where(voice.c.workspace_id.in_(workspace_ids))
        self._languages = {row.workspace_id: row.languages for row in tx.execute(languages)}

    def facts(self, row: Conversation) -> Facts | None:
        return facts_of(
            Course(
                owner=row.owner,
                said=[_said(said) for said in self._said[row.id]],
                work=[
                    Work(reason=HandoffReason(work["reason"]), closed_at=work["closed_at"])
                    for work in self._work[row.id]
                ],
                cost_usd=self._costs.get(row.id, 0.0),
            )
        )

    def language(self, row: Conversation) -> str | None:
        """Return the language of the customer; where it says too little, the first of the desk's, else English."""
        texts = (said["sample"] for said in self._said[row.id] if said["role"] == Role.CUSTOMER)
        text = "\n".join(texts)[:_SAMPLE]
        if not any(map(str.isalpha, text)):
            return None
        expected = next(iter(self._languages.get(row.workspace_id) or ()), ENGLISH)
        return language_of(text) or other_language_of(text, (expected,)) or expected


def _messages(ids: Sequence[str]) -> sa.Select[Any]:
    return (
        sa.select(
            message.c.conversation_id,
            message.c.role,
            message.c.state,
            message.c.created_at,
            message.c.handoff["reason"].as_string().label("reason"),
            message.c.feedback["rating"].as_string().label("rating"),
            sa.func.substr(message.c.content, 1, _SAMPLE).label("sample"),
            reply.c.kind,
            reply.c.created_at.label("replied_at"),
            reply.c.unanswered.is_not(None).label("open_questions"),
        )
        .outerjoin_from(message, reply, reply.c.id == message.c.reply_id)
        .where(message.c.conversation_id.in_(ids), message.c.role.in_((Role.CUSTOMER, Role.AGENT)))
        .order_by(message.c.seq)
    )


def _said(row: Mapping[Any, Any]) -> Said:
    def member(members: Any, name: str) -> Any:
        return None if row[name] is None else members(row[name])

    return Said(
        role=Role(row["role"]),
        state=MessageState(row["state"]),
        at=row["created_at"],
        reason=member(HandoffReason, "reason") if row["state"] == MessageState.HANDED_OFF else None,
        rating=member(Rating, "rating"),
        replied_at=row["replied_at"],
        reply_kind=member(ReplyKind, "kind"),
        open_questions=bool(row["open_questions"]),
    )


def _by_conversation(tx: sa.Connection, statement: sa.Select[Any]) -> defaultdict[str, list[Mapping[Any, Any]]]:
    found: defaultdict[str, list[Mapping[Any, Any]]] = defaultdict(list)
    for row in _mappings(tx, statement):
        found[row["conversation_id"]].append(row)
    return found


def _mappings(tx: sa.Connection, statement: sa.Select[Any]) -> Iterator[Mapping[Any, Any]]:
    yield from tx.execute(statement).mappings()
