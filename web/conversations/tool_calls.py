"""Tool calls of the language model."""

from typing import Any

from web.http.api import Blueprint, scope
from web.http.auth import needs
from web.http.operations import operation
from web.schemas import desk as schemas
from web.schemas.fields import page_of
from worker.access.permissions import Permission
from worker.conversations import tool_calls

blueprint = Blueprint("tool calls", __name__, description="Tool calls of the language model")


@blueprint.get("/conversations/<string:conversation_id>/tool-calls")
@operation("tool_calls.list")
@needs(Permission.READ)
@blueprint.arguments(schemas.ToolCallQuery, location="query")
@blueprint.response(200, page_of(schemas.ToolCall))
def list_tool_calls(query: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    """List the tool calls of a conversation, newest first."""
    found, cursor = tool_calls.page(scope(), conversation_id, query, after=query.get("cursor"), limit=query["limit"])
    return {"items": found, "next_cursor": cursor}


@blueprint.get("/tool-calls/<string:tool_call_id>")
@operation("tool_calls.retrieve")
@needs(Permission.READ)
@blueprint.response(200, schemas.ToolCall)
def show(tool_call_id: str) -> dict[str, Any]:
    """Return a tool call; a citation whose `document_id` is its id quotes its `text`."""
    return tool_calls.get(scope(), tool_call_id)
