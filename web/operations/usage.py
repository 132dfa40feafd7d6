"""What language models cost."""

from typing import Any

from web.http.api import Blueprint, scope
from web.schemas import desk as schemas
from web.schemas.fields import page_of
from worker.answering.spending import to_api
from worker.store.tables import spending

blueprint = Blueprint("usage", __name__, description="What language models cost")


@blueprint.get("/usage")
@blueprint.arguments(schemas.UsageQuery, location="query")
@blueprint.response(200, page_of(schemas.Account))
def list_usage(query: dict[str, Any]) -> dict[str, Any]:
    """List what calls of models counted and cost, by day, API key, conversation or message; newest first."""
    where = [spending.c.scope == query["by"]]
    if "subject" in query:
        where.append(spending.c.subject == query["subject"])
    rows, cursor = scope().page(spending, *where, after=query.get("cursor"), limit=query["limit"])
    return {"items": [to_api(row) for row in rows], "next_cursor": cursor}
