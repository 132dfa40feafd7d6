"""Reads for the agents' inbox: the list of conversations with their search, and one conversation with all of it."""

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from worker.conversations import serializers
from worker.reading.message import read
from worker.states import EscalationState, Owner, Role
from worker.store.rows import Conversation, Escalation, ToolCall
from worker.store.scope import Scope
from worker.store.tables import HUMAN, conversation, escalation, message, tool_call

#: A search looks through so many conversations, newest first.
_MAX_SEARCHED = 10_000

#: Cursor of a list by change: when the last conversation changed, and its id.
_CHANGE_CURSOR = re.compile(r"(\d{1,18})\.(\w{1,48})")

_UNCLOSED = escalation.c.state != EscalationState.CLOSED

Rows = list[sa.RowMapping]


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """A conversation, its newest messages in order, and its open escalation.

    A message has the API's form. An answer has also its reply as `how` and its `timings`; a customer's message has the
    tool `calls` that were made for it and what was `retrieved`.
    """

    conversation: dict[str, Any]
    messages: list[dict[str, Any]]
    escalation: dict[str, Any] | None


def page(
    scope: Scope, *, owner: str | None = None, search: str | None = None, after: str | None = None, limit: int = 50
) -> tuple[list[dict[str, Any]], str | None]:
    """Return conversations and the cursor of the next page or None.

    Those of `owner` human come by their last change, others by their beginning, newest first. `search` is looked for
    in the subject, the ids and the requester. Each has also a `title`, its `last` message or None with `content` and
    `state`, and its open `escalation` or None.
    """
    where = [] if owner is None else [conversation.c.owner == owner]
    if search:
        where += _matches(scope, search)
    if owner == Owner.HUMAN:
        rows, cursor = _by_change(scope, where, after, limit)
    else:
        rows, cursor = scope.page(conversation, *where, after=after, limit=limit)
    ids = [row["id"] for row in rows]
    unclosed = scope.select(escalation).where(
        escalation.c.conversation_id.in_(ids), escalation.c.state != EscalationState.CLOSED
    )
    with scope.store.read() as connection:
        first: dict[str, Any] = {}
        last: dict[str, Any] = {}
        for outer in connection.execute(_outer_messages(ids)):
            first.setdefault(outer.conversation_id, outer)
            last[outer.conversation_id] = outer
        undone = [Escalation.from_row(row) for row in connection.execute(unclosed).mappings()]
    open_escalations = {row.conversation_id: serializers.escalation(row) for row in undone}
    found = [
        {
            **serializers.conversation(row),
            "title": row.subject or (first[row.id].content if row.id in first else ""),
            "last": last.get(row.id),
            "escalation": open_escalations.get(row.id),
        }
        for row in map(Conversation.from_row, rows)
    ]
    return found, cursor


def transcript(scope: Scope, conversation_id: str, *, limit: int = 200) -> Transcript:
    """Return a conversation with its newest `limit` messages.

    Raises:
        NotFound: the workspace has none with this id.
    """
    row = scope.get(conversation, conversation_id)
    newest = (
        serializers.with_reply()
        .where(message.c.workspace_id == scope.workspace_id, message.c.conversation_id == conversation_id)
        .order_by(message.c.seq.desc())
        .limit(limit)
    )
    related = [
        sa.select(message.c.reply_id, message.c.timings).where(
            message.c.conversation_id == conversation_id, message.c.reply_id.is_not(None)
        ),
        scope.select(escalation).where(
            escalation.c.conversation_id == conversation_id, escalation.c.state != EscalationState.CLOSED
        ),
        scope.select(tool_call).where(tool_call.c.conversation_id == conversation_id).order_by(tool_call.c.id),
    ]
    with scope.store.read() as connection:
        rows = connection.execute(newest).mappings().all()
        answered, unclosed, tool_calls = (connection.execute(statement).mappings().all() for statement in related)
    timings = {answer["reply_id"]: answer["timings"] for answer in answered}
    calls = [ToolCall.from_row(call) for call in tool_calls]
    messages = []
    for newer in reversed(rows):
        written, reply = serializers.message_and_reply(newer)
        entry = serializers.message(written, reply)
        if written.role == Role.ASSISTANT:
            answer = None if reply is None else serializers.reply(reply)
            entry |= {"how": answer, "timings": timings.get(written.id) or {}}
        else:
            entry["calls"] = [serializers.tool_call(call) for call in calls if call.message_id == written.id]
            entry["retrieved"] = written.retrieved
            if written.role == Role.CUSTOMER:
                entry["reading"] = read(written.content)
        messages.append(entry)
    return Transcript(
        conversation=serializers.conversation(Conversation.from_row(row)),
        messages=messages,
        escalation=serializers.escalation(Escalation.from_row(unclosed[0])) if unclosed else None,
    )


def _matches(scope: Scope, search: str) -> list[sa.ColumnElement[bool]]:
    newest = scope.select(conversation, conversation.c.id).order_by(conversation.c.id.desc()).limit(_MAX_SEARCHED)
    requester = [conversation.c.requester[name].as_string() for name in ("name", "email", "id")]
    columns = [conversation.c.subject, conversation.c.external_id, conversation.c.id, *requester]
    return [
        conversation.c.id.in_(sa.select(newest.subquery().c.id)),
        sa.or_(*(column.icontains(search, autoescape=True) for column in columns)),
    ]


def _by_change(
    scope: Scope, where: list[sa.ColumnElement[bool]], after: str | None, limit: int
) -> tuple[Rows, str | None]:
    position = _CHANGE_CURSOR.fullmatch(after or "")
    last_change = sa.tuple_(conversation.c.updated_at, conversation.c.id)
    statement = (
        scope.select(conversation)
        .where(HUMAN, *where)
        .order_by(conversation.c.updated_at.desc(), conversation.c.id.desc())
        .limit(limit + 1)
    )
    if position is not None:
        statement = statement.where(last_change < sa.tuple_(sa.literal(int(position[1])), sa.literal(position[2])))
    with scope.store.read() as connection:
        rows = list(connection.execute(statement).mappings())
    end = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], None if end is None else f"{end['updated_at']}.{end['id']}"


def _outer_messages(conversation_ids: list[str]) -> sa.Select[Any]:
    """Return a SELECT of the first and the last message of each conversation, by `seq`."""
    ends = (
        sa.select(
            message.c.conversation_id, sa.func.min(message.c.seq).label("a"), sa.func.max(message.c.seq).label("z")
        )
        .where(message.c.conversation_id.in_(conversation_ids))
        .group_by(message.c.conversation_id)
        .subquery()
    )
    return (
        sa.select(message.c.conversation_id, message.c.seq, message.c.content, message.c.state)
        .join(
            ends,
            sa.and_(ends.c.conversation_id == message.c.conversation_id, message.c.seq.in_([ends.c.a, ends.c.z])),
        )
        .order_by(message.c.seq)
    )
