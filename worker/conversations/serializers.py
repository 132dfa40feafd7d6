"""The API's form of conversations and messages: the same in responses, events and callbacks."""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from worker.states import MessageState, Role
from worker.store.rows import Attachment, Conversation, Escalation, Message, Reply, ToolCall
from worker.store.tables import message as message_table
from worker.store.tables import reply as reply_table
from worker.time import to_rfc3339
from worker.voice.rendering import reply_text

#: Columns of a reply beside those of its message; see `with_reply`.
_REPLY = "reply__"
_REPLY_COLUMNS = [column.label(f"{_REPLY}{column.name}") for column in reply_table.c]


def with_reply() -> sa.Select[Any]:
    """Return a SELECT of messages, each with the reply that it got or, for the assistant's, that it is."""
    joined = message_table.outerjoin(
        reply_table, reply_table.c.id == sa.func.coalesce(message_table.c.reply_id, message_table.c.id)
    )
    return sa.select(message_table, *_REPLY_COLUMNS).select_from(joined)


def message_and_reply(row: sa.RowMapping) -> tuple[Message, Reply | None]:
    """Return the message of a row of `with_reply`, and its reply if it has one."""
    reply = None if row[f"{_REPLY}id"] is None else Reply.from_row(row, prefix=_REPLY)
    return Message.from_row(row), reply


def conversation(row: Conversation) -> dict[str, Any]:
    """Return a conversation in the form of the API."""
    return {
        "id": row.id,
        "external_id": row.external_id,
        "subject": row.subject,
        "requester": row.requester,
        "channel": row.channel,
        "metadata": row.metadata or {},
        "owner": row.owner,
        "handoff": row.handoff,
        "sla": _sla(row),
        "created_at": to_rfc3339(row.created_at),
        "updated_at": to_rfc3339(row.updated_at),
        "links": {"self": f"/v1/conversations/{row.id}", "messages": f"/v1/conversations/{row.id}/messages"},
    }


def _sla(row: Conversation) -> dict[str, Any] | None:
    """Return the target of a conversation that is due next, or None while no time passes for one."""
    if row.sla_due_at is None:
        return None
    return {
        "target": row.sla_target,
        "warn_at": to_rfc3339(row.sla_warn_at),
        "due_at": to_rfc3339(row.sla_due_at),
    }


def message(row: Message, answer: Reply | None = None) -> dict[str, Any]:
    """Return a message in the form of the API, with the reply that it got or, for the assistant's, that it is."""
    by_assistant = row.role == Role.ASSISTANT
    return {
        "id": row.id,
        "conversation_id": row.conversation_id,
        "seq": row.seq,
        "role": row.role,
        "author": row.author,
        "content": row.content,
        "attachments": row.attachments or [],
        "state": row.state,
        "reply": None if by_assistant or answer is None else reply(answer),
        "citations": answer.citations if by_assistant and answer is not None else [],
        "handoff": row.handoff,
        "error": row.error,
        "feedback": row.feedback,
        "attempts": row.attempts,
        "created_at": to_rfc3339(row.created_at),
        "started_at": to_rfc3339(row.started_at),
        "finished_at": to_rfc3339(row.finished_at),
        "deadline_at": to_rfc3339(row.deadline_at),
        "timings": row.timings,
        "links": {
            "self": f"/v1/messages/{row.id}",
            "events": f"/v1/messages/{row.id}/events",
            "cancel": f"/v1/messages/{row.id}/cancel",
        },
    }


def reply(row: Reply) -> dict[str, Any]:
    """Return a reply in the form of the API."""
    return {
        "id": row.id,
        "kind": row.kind,
        "content": row.content,
        "options": row.options or [],
        "text": reply_text(row),
        "greeting": row.greeting,
        "signature": row.signature,
        "citation_style": row.citation_style,
        "unanswered": row.unanswered or [],
        "citations": row.citations,
        "support": row.support,
        "confidence": row.confidence,
        "answerer": row.answerer,
        "model": row.model,
        "snapshot": row.snapshot,
        "usage": {
            "prompt_tokens": row.prompt_tokens,
            "completion_tokens": row.completion_tokens,
            "cost_usd": row.cost_usd,
        },
    }


def as_accepted(row: Message, answer: Reply | None) -> dict[str, Any]:
    """Return a message as it was in the first response, whatever became of it since."""
    ended_at_once = row.finished_at == row.created_at and row.attempts == 0
    if ended_at_once:
        return message(row, answer)
    return message(
        replace(
            row,
            state=MessageState.QUEUED,
            attempts=0,
            handoff=None,
            error=None,
            feedback=None,
            started_at=None,
            finished_at=None,
            timings=None,
        )
    )


def escalation(row: Escalation) -> dict[str, Any]:
    """Return an escalation in the form of the API."""
    return {
        "id": row.id,
        "conversation_id": row.conversation_id,
        "message_id": row.message_id,
        "state": row.state,
        "reason": row.reason,
        "category": row.category,
        "priority": row.priority,
        "summary": row.summary,
        "reasons": row.reasons,
        "assignee": row.assignee,
        "note": row.note,
        "created_at": to_rfc3339(row.created_at),
        "assigned_at": to_rfc3339(row.assigned_at),
        "closed_at": to_rfc3339(row.closed_at),
        "links": {
            "self": f"/v1/escalations/{row.id}",
            "conversation": f"/v1/conversations/{row.conversation_id}",
        },
    }


def attachment(row: Attachment) -> dict[str, Any]:
    """Return an attachment in the form of the API; it has `text` or `error` once it was read."""
    return {
        "id": row.id,
        "name": row.name,
        "media_type": row.media_type,
        "size": row.size,
        "conversation_id": row.conversation_id,
        "text": row.text,
        "error": row.error,
        "created_at": to_rfc3339(row.created_at),
        "links": {"self": f"/v1/attachments/{row.id}"},
    }


def tool_call(row: ToolCall) -> dict[str, Any]:
    """Return a tool call in the form of the API; `text` is what citations of it quote."""
    return {
        "id": row.id,
        "conversation_id": row.conversation_id,
        "message_id": row.message_id,
        "tool": row.tool,
        "arguments": row.arguments,
        "state": row.state,
        "confirmed_by": row.confirmed_by,
        "text": row.result,
        "error": row.error,
        "duration_ms": row.duration_ms,
        "created_at": to_rfc3339(row.created_at),
        "finished_at": to_rfc3339(row.finished_at),
    }
