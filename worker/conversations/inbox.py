"""Reads for the agents' inbox: the list of conversations with their search, and one conversation with all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from worker.conversations import inbox_lists, serializers
from worker.conversations.attachments import LISTED
from worker.conversations.inbox_lists import EVERYTHING, Listed
from worker.reading.message import read
from worker.states import EscalationState, Role
from worker.store.rows import Attachment, Conversation, Escalation, ServiceTargetRow, ToolCall
from worker.store.scope import Scope
from worker.store.tables import attachment, conversation, escalation, message, service_target, tool_call
from worker.time import to_rfc3339


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """A conversation, its newest messages in order, its open escalation, and its targets of the service level.

    The conversation has also a `title` and `waiting_since`. A message has the API's form, with its attachments as they
    are and not as ids. An answer has also its reply as `how`, its `timings`, and the `calls` of tools and what was
    `retrieved` for the message that it answers; a message without an answer has these two itself, and the `draft` that
    failed the check or None.
    """

    conversation: dict[str, Any]
    messages: list[dict[str, Any]]
    escalation: dict[str, Any] | None
    targets: list[ServiceTargetRow]


def page(
    scope: Scope, listed: Listed = EVERYTHING, *, after: str | None = None, limit: int = 50
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the conversations of a list (`inbox_lists`) and the cursor of the next page or None.

    Each has also a `title`, its `last` message or None with `content`, `role` and `state`, `waiting_since` or None, and
    its open `escalation` or None.
    """
    rows, cursor = inbox_lists.page(scope, listed, after=after, limit=limit)
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
            "title": _title(row, first[row.id].content if row.id in first else ""),
            "waiting_since": to_rfc3339(row.waiting_since),
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
        scope.select(attachment, *LISTED).where(attachment.c.conversation_id == conversation_id),
        scope.select(service_target)
        .where(service_target.c.conversation_id == conversation_id, service_target.c.closed_at.is_(None))
        .order_by(service_target.c.target),
    ]
    with scope.store.read() as connection:
        rows = connection.execute(newest).mappings().all()
        answered, unclosed, tool_calls, files, targets = (
            connection.execute(statement).mappings().all() for statement in related
        )
    messages = _entries(
        rows,
        timings={answer["reply_id"]: answer["timings"] for answer in answered},
        calls=[ToolCall.from_row(call) for call in tool_calls],
        files={file["id"]: serializers.attachment(Attachment.from_row(file)) for file in files},
    )
    _explain_answers(messages)
    whole = Conversation.from_row(row)
    first = next((entry["content"] for entry in messages if entry["role"] == Role.CUSTOMER), "")
    return Transcript(
        conversation={
            **serializers.conversation(whole),
            "title": _title(whole, first),
            "waiting_since": to_rfc3339(whole.waiting_since),
        },
        messages=messages,
        escalation=serializers.escalation(Escalation.from_row(unclosed[0])) if unclosed else None,
        targets=list(map(ServiceTargetRow.from_row, targets)),
    )


def _entries(
    rows: Sequence[sa.RowMapping], *, timings: Mapping[str, Any], calls: Sequence[ToolCall], files: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return messages as a transcript shows them, oldest first; `rows` are newest first."""
    messages: list[dict[str, Any]] = []
    for newer in reversed(rows):
        written, reply = serializers.message_and_reply(newer)
        entry = serializers.message(written, reply)
        entry["attachments"] = [files[id] for id in written.attachments or () if id in files]
        if written.role == Role.ASSISTANT:
            answer = None if reply is None else serializers.reply(reply)
            entry |= {"how": answer, "timings": timings.get(written.id) or {}}
        elif written.role == Role.CUSTOMER:
            entry["calls"] = [serializers.tool_call(call) for call in calls if call.message_id == written.id]
            entry |= {"retrieved": written.retrieved, "draft": written.draft, "reading": read(written.content)}
        messages.append(entry)
    return messages


def _explain_answers(messages: list[dict[str, Any]]) -> None:
    """Move the tool calls and passages of answered messages to the answer that they led to."""
    answers = {entry["id"]: entry for entry in messages if entry["role"] == Role.ASSISTANT}
    for asked in messages:
        answer = answers.get((asked["reply"] or {}).get("id", ""))
        if asked["role"] != Role.CUSTOMER or answer is None:
            continue
        answer["calls"] = [*answer.get("calls", []), *asked["calls"]]
        answer["retrieved"] = asked["retrieved"] or answer.get("retrieved")
        asked |= {"calls": [], "retrieved": None}


def _title(row: Conversation, first: str) -> str:
    """Return the subject, or the first line of what was said."""
    return row.subject or next((line for line in read(first).own_text.splitlines() if line.strip()), first)


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
        sa.select(message.c.conversation_id, message.c.seq, message.c.role, message.c.content, message.c.state)
        .join(
            ends,
            sa.and_(ends.c.conversation_id == message.c.conversation_id, message.c.seq.in_([ends.c.a, ends.c.z])),
        )
        .order_by(message.c.seq)
    )
