"""Topics: what customers wrote about in a period, in groups with names, and how each was resolved."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import sqlalchemy as sa

from kb import sentences
from kb.embedding import Embedder
from worker.knowledge.search_service import Kind
from worker.knowledge.unanswered_questions import grouped
from worker.reports.facts import ReportedOutcome
from worker.reports.figures import ALL, Which
from worker.reports.period import Period
from worker.states import HandoffReason, MessageState, Role
from worker.store.engine import Store
from worker.store.tables import conversation_fact as fact
from worker.store.tables import message

#: Conversations that are looked at, newest first; groups that are returned; characters that are read of a message.
MAX_CONVERSATIONS = 500
_MAX_TOPICS = 20
_LONGEST = 300
_MAX_NAME = 80

#: Reasons of handoffs that an article would have answered.
_WANTS_ARTICLE = (HandoffReason.NO_ANSWER, HandoffReason.LOW_SUPPORT)


def topics(store: Store, embedder: Embedder, workspace_id: str, period: Period, which: Which = ALL) -> dict[str, Any]:
    """Return groups of conversations whose first messages ask the same, largest first.

    Returns:
        `conversations`, how many were looked at (the newest, up to 500); and `items`: up to twenty topics that more
        than one conversation has, each with `name` (the most typical question), `conversations`, `resolved_by_bot`,
        `handed_off`, `without_answer` (of these, those that found no answer: an article is missing) and
        `conversation_id` of the most typical one.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    with store.read() as connection:
        rows = connection.execute(_first_messages(workspace_id, period, which)).mappings().all()
    asked = [row for row in rows if any(map(str.isalnum, row["content"]))]
    groups = grouped(embedder, [row["content"][:_LONGEST] for row in asked])
    several = [[asked[position] for position in positions] for positions in groups if len(positions) > 1]
    items = [_to_api(embedder, rows) for rows in several[:_MAX_TOPICS]]
    return {"conversations": len(asked), "items": items}


def _first_messages(workspace_id: str, period: Period, which: Which) -> sa.Select[Any]:
    newest = (
        sa.select(fact.c.conversation_id, fact.c.outcome, fact.c.handoff_reason, fact.c.started_at)
        .where(
            fact.c.workspace_id == workspace_id,
            fact.c.started_at >= period.begins_ms,
            fact.c.started_at < period.ends_ms,
            *which.conditions(),
        )
        .order_by(fact.c.started_at.desc())
        .limit(MAX_CONVERSATIONS)
        .subquery()
    )
    said = message.alias("said")
    first = (
        sa.select(sa.func.min(said.c.seq))
        .where(
            said.c.conversation_id == newest.c.conversation_id,
            said.c.role == Role.CUSTOMER,
            said.c.state != MessageState.CANCELLED,  # such as automatic mail
        )
        .correlate(newest)
        .scalar_subquery()
    )
    return (
        sa.select(newest, message.c.content)
        .join_from(newest, message, message.c.conversation_id == newest.c.conversation_id)
        .where(message.c.seq == first)
        .order_by(newest.c.started_at.desc())
    )


def _to_api(embedder: Embedder, rows: Sequence[Mapping[Any, Any]]) -> dict[str, Any]:
    vectors = np.stack([embedder.encode(row["content"][:_LONGEST]) for row in rows])
    typical = rows[int(np.argmax(vectors @ vectors.sum(axis=0)))]
    return {
        "name": name_of(typical["content"]),
        "conversations": len(rows),
        "resolved_by_bot": sum(row["outcome"] == ReportedOutcome.RESOLVED_BY_BOT for row in rows),
        "handed_off": sum(row["handoff_reason"] is not None for row in rows),
        "without_answer": sum(row["handoff_reason"] in _WANTS_ARTICLE for row in rows),
        "conversation_id": typical["conversation_id"],
    }


def name_of(text: str) -> str:
    """Return the first sentence of a message that asks something, else its first, at most 80 characters."""
    found = [text[start:end] for start, end in sentences.split(text[:_LONGEST])]
    asking = next((sentence for sentence in found if re.search(r"[?？؟]\s*$", sentence)), None)
    name = " ".join((asking or (found[0] if found else text)).split())
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1].rstrip()}…"


def answering(store: Store, embedder: Embedder) -> Kind:
    """Return the responder for topics (`worker.knowledge.search_service`)."""

    def answer(
        *, workspace_id: str, first: str, last: str, channel: str | None, language: str | None
    ) -> dict[str, Any]:
        period = Period(date.fromisoformat(first), date.fromisoformat(last))
        return topics(store, embedder, workspace_id, period, Which(channel=channel, language=language))

    return answer
