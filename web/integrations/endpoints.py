"""Webhook endpoints."""

from typing import Any

import flask

from web.http.api import AcceptedResponse, Blueprint, poll_headers, scope, services
from web.http.auth import admin, needs
from web.http.operations import operation
from web.schemas import deliveries as schemas
from web.schemas.fields import page_of
from worker.access.permissions import Permission
from worker.deliveries import listing

blueprint = Blueprint("endpoints", __name__, description="Webhook endpoints")


def _workspace() -> str:
    return str(flask.g.principal.workspace_id)


@blueprint.post("/endpoints")
@operation("endpoints.create", "conflict", "address_refused")
@admin
@blueprint.arguments(schemas.NewEndpoint)
@blueprint.response(201, schemas.Endpoint)
def make(new: dict[str, Any]) -> dict[str, Any]:
    """Create an endpoint; only this response includes its `secret`."""
    return services().endpoints.make(_workspace(), new)


@blueprint.get("/endpoints")
@operation("endpoints.list")
@needs(Permission.READ)
@blueprint.arguments(schemas.EndpointQuery, location="query")
@blueprint.response(200, page_of(schemas.Endpoint))
def list_endpoints(query: dict[str, Any]) -> dict[str, Any]:
    """List endpoints, newest first."""
    found, cursor = services().endpoints.page(_workspace(), query, after=query.get("cursor"), limit=query["limit"])
    return {"items": found, "next_cursor": cursor}


@blueprint.get("/endpoints/<string:endpoint_id>")
@operation("endpoints.retrieve")
@needs(Permission.READ)
@blueprint.response(200, schemas.Endpoint)
def show(endpoint_id: str) -> dict[str, Any]:
    """Return an endpoint with its state."""
    return services().endpoints.show(_workspace(), endpoint_id)


@blueprint.patch("/endpoints/<string:endpoint_id>")
@operation("endpoints.update", "address_refused")
@admin
@blueprint.arguments(schemas.EndpointChange)
@blueprint.response(200, schemas.Endpoint)
def change(new: dict[str, Any], endpoint_id: str) -> dict[str, Any]:
    """Change an endpoint; disabling it ends its pending deliveries, which can be replayed later."""
    return services().endpoints.change(_workspace(), endpoint_id, new)


@blueprint.delete("/endpoints/<string:endpoint_id>")
@operation("endpoints.delete")
@admin
@blueprint.response(204)
def remove(endpoint_id: str) -> None:
    """Delete an endpoint; its deliveries stay listed."""
    services().endpoints.remove(_workspace(), endpoint_id)


@blueprint.post("/endpoints/<string:endpoint_id>/rotate")
@operation("endpoints.rotate", "conflict")
@admin
@blueprint.arguments(schemas.Rotation)
@blueprint.response(200, schemas.Endpoint)
def rotate(new: dict[str, Any], endpoint_id: str) -> dict[str, Any]:
    """Replace the secret and return it; for a day, callbacks are signed with the old one as well."""
    return services().endpoints.rotate(_workspace(), endpoint_id, secret=new.get("secret"))


@blueprint.post("/endpoints/<string:endpoint_id>/test")
@operation("endpoints.test", "conflict")
@needs(Permission.OPERATE)
@blueprint.arguments(schemas.EndpointTest)
@blueprint.response(202, schemas.WholeDelivery)
def test(new: dict[str, Any], endpoint_id: str) -> AcceptedResponse:
    """Send a test delivery."""
    delivery_id = services().endpoints.test(_workspace(), endpoint_id, new["type"])
    services().hints.send(endpoint_id)
    return listing.show(scope(), delivery_id), 202, poll_headers(f"/v1/deliveries/{delivery_id}")


@blueprint.post("/endpoints/<string:endpoint_id>/recover")
@operation("endpoints.recover", "conflict")
@needs(Permission.OPERATE)
@blueprint.arguments(schemas.Recovery)
@blueprint.response(202, schemas.Replayed)
def recover(new: dict[str, Any], endpoint_id: str) -> AcceptedResponse:
    """Send the endpoint what it missed since a time: up to 10,000 deliveries, oldest first."""
    count = services().endpoints.recover(_workspace(), endpoint_id, since_ms=new.get("since", 0))
    services().hints.send(endpoint_id)
    return {"replayed": count}, 202, poll_headers(f"/v1/deliveries?endpoint={endpoint_id}&state=pending")
