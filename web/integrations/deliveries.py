"""Deliveries and their attempts."""

from typing import Any

import flask

from web.http.api import AcceptedResponse, Blueprint, poll_headers, scope, services
from web.http.auth import needs
from web.http.operations import operation
from web.schemas import deliveries as schemas
from web.schemas.fields import page_of
from worker.access.permissions import Permission
from worker.deliveries import listing

blueprint = Blueprint("deliveries", __name__, description="Deliveries and their attempts")


@blueprint.get("/deliveries")
@operation("deliveries.list")
@needs(Permission.READ)
@blueprint.arguments(schemas.DeliveryQuery, location="query")
@blueprint.response(200, page_of(schemas.Delivery))
def list_deliveries(query: dict[str, Any]) -> dict[str, Any]:
    """List deliveries, newest first, each with its last attempt."""
    found, cursor = listing.page(scope(), query, after=query.get("cursor"), limit=query["limit"])
    return {"items": found, "next_cursor": cursor}


@blueprint.get("/deliveries/<string:delivery_id>")
@operation("deliveries.retrieve")
@needs(Permission.READ)
@blueprint.response(200, schemas.WholeDelivery)
def show(delivery_id: str) -> dict[str, Any]:
    """Return a delivery with its payload and all its attempts."""
    return listing.show(scope(), delivery_id)


@blueprint.post("/deliveries/<string:delivery_id>/replay")
@operation("deliveries.replay", "conflict")
@needs(Permission.OPERATE)
@blueprint.response(202, schemas.WholeDelivery)
def replay(delivery_id: str) -> AcceptedResponse:
    """Send a delivery again under the same id, with the usual retries."""
    services().hints.send(services().endpoints.replay(flask.g.principal.workspace_id, delivery_id))
    return listing.show(scope(), delivery_id), 202, poll_headers(f"/v1/deliveries/{delivery_id}")


@blueprint.post("/deliveries/replay")
@operation("deliveries.replay_all")
@needs(Permission.OPERATE)
@blueprint.arguments(schemas.Replay)
@blueprint.response(202, schemas.Replayed)
def replay_all(filters: dict[str, Any]) -> AcceptedResponse:
    """Send the deliveries that match a filter again: up to 10,000, oldest first, except those of disabled endpoints."""
    times = {f"{name}_ms": filters.pop(name) for name in ("since", "until") if name in filters}
    count = services().endpoints.replay_all(flask.g.principal.workspace_id, {**filters, **times})
    return {"replayed": count}, 202, poll_headers("/v1/deliveries?state=pending")
