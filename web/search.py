"""Search the knowledge base; a worker does it."""

from typing import Any

import flask

from web import schemas
from web.api import Blueprint, services
from web.auth import reads

blueprint = Blueprint("search", __name__, description="The knowledge base, searched")


@blueprint.post("/search")
@blueprint.arguments(schemas.NewSearch)
@blueprint.response(200, schemas.SearchResult)
@reads
def search(new: dict[str, Any]) -> dict[str, Any]:
    """Find passages, best first, with the score of each leg."""
    return services().search_client.search(
        flask.g.principal.workspace_id,
        new["query"],
        limit=new["limit"],
        document_ids=new.get("filters", {}).get("document_ids"),
    )
