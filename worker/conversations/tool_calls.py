"""Reads of tool calls, in the form of the API."""

from typing import Any

from worker.conversations import serializers
from worker.store.filters import EVERYTHING, Which, conditions
from worker.store.rows import ToolCall
from worker.store.scope import Scope
from worker.store.tables import conversation, tool_call


def page(
    scope: Scope, conversation_id: str, which: Which = EVERYTHING, *, after: str | None = None, limit: int = 20
) -> tuple[list[dict[str, Any]], str | None]:
    """Return the tool calls of a conversation, newest first or by `sort`, and the cursor of the next page or None.

    `which` may have `state`, `tool`, `created_after` and `created_before`.

    Raises:
        NotFound: the workspace has no such conversation.
    """
    scope.get(conversation, conversation_id, columns=(conversation.c.id,))
    names = {name: tool_call.c[name] for name in ("state", "tool")}
    where = conditions(which, names, created=tool_call.c.created_at)
    of_it = tool_call.c.conversation_id == conversation_id
    rows, cursor = scope.page(tool_call, of_it, *where, after=after, limit=limit, sort=which.get("sort"))
    return [serializers.tool_call(ToolCall.from_row(row)) for row in rows], cursor


def get(scope: Scope, tool_call_id: str) -> dict[str, Any]:
    """Return a tool call.

    Raises:
        NotFound: the workspace has none with this id.
    """
    return serializers.tool_call(ToolCall.from_row(scope.get(tool_call, tool_call_id)))
