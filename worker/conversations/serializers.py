"""How rows look to clients: the same in responses, events and callbacks."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from worker.states import MessageState, Role
from worker.store.tables import message as message_table
from worker.store.tables import reply as reply_table
from worker.time import to_rfc3339

#: A row, as SQLAlchemy gives it or as a plain dict.
Row = Mapping[Any, Any]

#: Columns of a message with its reply; see `with_reply`.
_REPLY_COLUMNS = [
    reply_table.c[name].label(f"reply__{name}")
    for name in (
        "id",
        "content",
        "citations",
        "support",
        "answerer",
        "model",
        "snapshot",
        "prompt_tokens",
        "completion_tokens",
        "cost_usd",
    )
]


def with_reply() -> sa.Select[Any]:
    """Return a SELECT of messages, each with the reply that it got or, for the assistant's, that it is."""
    joined = message_table.outerjoin(
        reply_table, reply_table.c.id == sa.func.coalesce(message_table.c.reply_id, message_table.c.id)
    )
    return sa.select(message_table, *_REPLY_COLUMNS).select_from(joined)


def conversation(row: Row) -> dict[str, Any]:
    """Return a conversation as clients see it."""
    id = row["id"]
    return {
        "id": id,
        "external_id": row["external_id"],
        "subject": row["subject"],
        "requester": row["requester"],
        "channel": row["channel"],
        "metadata": row["metadata"] or {},
        "owner": row["owner"],
        "handoff": row["handoff"],
        "created_at": to_rfc3339(row["created_at"]),
        "updated_at": to_rfc3339(row["updated_at"]),
        "links": {"self": f"/v1/conversations/{id}", "messages": f"/v1/conversations/{id}/messages"},
    }


def message(row: Row) -> dict[str, Any]:
    """Return a message as clients see it; a row of `with_reply`, or one without a reply."""
    id = row["id"]
    answer = reply(row) if row.get("reply__id") else None
    spoken = row["role"] == Role.ASSISTANT
    return {
        "id": id,
        "conversation_id": row["conversation_id"],
        "seq": row["seq"],
        "role": row["role"],
        "author": row["author"],
        "content": row["content"],
        "attachments": row["attachments"] or [],
        "state": row["state"],
        "reply": None if spoken else answer,
        "citations": answer["citations"] if spoken and answer else [],
        "handoff": row["handoff"],
        "error": row["error"],
        "feedback": row["feedback"],
        "attempts": row["attempts"],
        "created_at": to_rfc3339(row["created_at"]),
        "started_at": to_rfc3339(row["started_at"]),
        "finished_at": to_rfc3339(row["finished_at"]),
        "deadline_at": to_rfc3339(row["deadline_at"]),
        "timings": row["timings"],
        "links": {
            "self": f"/v1/messages/{id}",
            "events": f"/v1/messages/{id}/events",
            "cancel": f"/v1/messages/{id}/cancel",
        },
    }


def reply(row: Row) -> dict[str, Any]:
    """Return the reply of a row of `with_reply` as clients see it."""
    return {
        "id": row["reply__id"],
        "content": row["reply__content"],
        "citations": row["reply__citations"],
        "support": row["reply__support"],
        "answerer": row["reply__answerer"],
        "model": row["reply__model"],
        "snapshot": row["reply__snapshot"],
        "usage": {
            "prompt_tokens": row["reply__prompt_tokens"],
            "completion_tokens": row["reply__completion_tokens"],
            "cost_usd": row["reply__cost_usd"],
        },
    }


def as_accepted(row: Row) -> dict[str, Any]:
    """Return a message as it was in the first response, whatever became of it since."""
    ended_at_once = row["finished_at"] == row["created_at"] and row["attempts"] == 0
    if ended_at_once:
        return message(row)
    first = {"state": MessageState.QUEUED, "attempts": 0, "reply__id": None}
    gone = dict.fromkeys(("handoff", "error", "feedback", "started_at", "finished_at", "timings"))
    return message({**row, **gone, **first})


def tool_call(row: Row) -> dict[str, Any]:
    """Return a tool call as clients see it; `text` is what citations of it quote."""
    return {
        "id": row["id"],
        "conversation_id": row["conversation_id"],
        "message_id": row["message_id"],
        "tool": row["tool"],
        "arguments": row["arguments"],
        "state": row["state"],
        "confirmed_by": row["confirmed_by"],
        "text": row["result"],
        "error": row["error"],
        "duration_ms": row["duration_ms"],
        "created_at": to_rfc3339(row["created_at"]),
        "finished_at": to_rfc3339(row["finished_at"]),
    }
