"""Callbacks that were promised, and what became of them."""

from typing import Any

import flask

from web.http.api import Blueprint, Told, due, scope, services
from web.schemas import deliveries as schemas
from web.schemas.fields import page_of
from worker.deliveries import listing

blueprint = Blueprint("deliveries", __name__, description="Callbacks and their attempts")


@blueprint.get("/deliveries")
@blueprint.arguments(schemas.DeliveryQuery, location="query")
@blueprint.response(200, page_of(schemas.Delivery))
def list_deliveries(query: dict[str, Any]) -> dict[str, Any]:
    """List deliveries, newest first, each with its last attempt."""
    found, cursor = listing.page(scope(), query, after=query.get("cursor"), limit=query["limit"])
    return {"items": found, "next_cursor": cursor}


@blueprint.get("/deliveries/<string:delivery_id>")
@blueprint.response(200, schemas.WholeDelivery)
def show(delivery_id: str) -> dict[str, Any]:
    """Return a delivery with what it tells and all its attempts."""
    return listing.show(scope(), delivery_id)


@blueprint.post("/deliveries/<string:delivery_id>/replay")
@blueprint.response(202, schemas.WholeDelivery)
def replay(delivery_id: str) -> Told:
    """Send it again under the same id, now and then on the schedule."""
    services().endpoints.replay(flask.g.principal.workspace_id, delivery_id)
    shown = listing.show(scope(), delivery_id)
    if shown["conversation_id"] is not None:
        services().hints.deliver(shown["conversation_id"])
    return shown, 202, due(f"/v1/deliveries/{delivery_id}")


@blueprint.post("/deliveries/replay")
@blueprint.arguments(schemas.Replay)
@blueprint.response(202, schemas.Replayed)
def replay_all(which: dict[str, Any]) -> Told:
    """Send again what a filter finds: up to 10,000, oldest first; those of disabled endpoints stay as they are."""
    times = {f"{name}_ms": which.pop(name) for name in ("since", "until") if name in which}
    found = services().endpoints.replay_all(flask.g.principal.workspace_id, {**which, **times})
    return {"replayed": found}, 202, due("/v1/deliveries?state=pending")
