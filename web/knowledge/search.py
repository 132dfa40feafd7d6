"""Search the knowledge base; a worker runs the search."""

from typing import Any

import flask

from web.http.api import Blueprint, services
from web.http.auth import needs
from web.http.operations import operation
from web.schemas import knowledge as schemas
from worker.access.permissions import Permission

blueprint = Blueprint("search", __name__, description="Search of the knowledge base")


@blueprint.post("/search")
@operation("search.query", "no_worker", "knowledge_error")
@needs(Permission.READ)
@blueprint.arguments(schemas.NewSearch)
@blueprint.response(200, schemas.SearchResult)
def search(new: dict[str, Any]) -> dict[str, Any]:
    """Find passages, best first, with their dense and lexical scores."""
    return services().search_client.search(
        flask.g.principal.workspace_id,
        new["query"],
        limit=new["limit"],
        filters=new.get("filters"),
    )
