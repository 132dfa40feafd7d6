"""Callbacks that were promised, and what became of them."""

from typing import Any

from web.api import Blueprint, scope
from web.schemas import deliveries as schemas
from web.schemas.fields import page_of
from worker.callbacks import listing

blueprint = Blueprint("deliveries", __name__, description="Callbacks and their attempts")


@blueprint.get("/deliveries")
@blueprint.arguments(schemas.DeliveryQuery, location="query")
@blueprint.response(200, page_of(schemas.Delivery))
def list_deliveries(query: dict[str, Any]) -> dict[str, Any]:
    """List deliveries, newest first, each with its last attempt."""
    found, cursor = listing.page(scope(), state=query.get("state"), after=query.get("cursor"), limit=query["limit"])
    return {"items": found, "next_cursor": cursor}
