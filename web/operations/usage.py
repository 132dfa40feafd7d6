"""Tokens and cost of language models."""

from typing import Any

from web.http.api import Blueprint, scope
from web.http.auth import needs
from web.http.operations import operation
from web.schemas import desk as schemas
from web.schemas.fields import page_of
from worker.access.permissions import Permission
from worker.answering.chat_api import spending

blueprint = Blueprint("usage", __name__, description="Tokens and cost of language models")


@blueprint.get("/usage")
@operation("usage.list")
@needs(Permission.READ)
@blueprint.arguments(schemas.UsageQuery, location="query")
@blueprint.response(200, page_of(schemas.Account))
def list_usage(query: dict[str, Any]) -> dict[str, Any]:
    """List the calls, tokens and cost of models by day, API key, conversation, message or judge; newest first."""
    accounts, cursor = spending.page(
        scope(), by=query["by"], subject=query.get("subject"), after=query.get("cursor"), limit=query["limit"]
    )
    return {"items": accounts, "next_cursor": cursor}
