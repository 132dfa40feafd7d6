"""Where callbacks go."""

from typing import Any

import flask

from web.http.api import Blueprint, Told, due, scope, services
from web.http.auth import admin
from web.schemas import deliveries as schemas
from web.schemas.fields import PageQuery, page_of
from worker.deliveries import listing

blueprint = Blueprint("endpoints", __name__, description="Where callbacks go")


def _workspace() -> str:
    return str(flask.g.principal.workspace_id)


@blueprint.post("/endpoints")
@admin
@blueprint.arguments(schemas.NewEndpoint)
@blueprint.response(201, schemas.Endpoint)
def make(new: dict[str, Any]) -> dict[str, Any]:
    """Make an endpoint; its `secret` is in this response and in no other."""
    return services().endpoints.make(_workspace(), new)


@blueprint.get("/endpoints")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(schemas.Endpoint))
def list_endpoints(query: dict[str, Any]) -> dict[str, Any]:
    """List endpoints, newest first."""
    found, cursor = services().endpoints.page(_workspace(), after=query.get("cursor"), limit=query["limit"])
    return {"items": found, "next_cursor": cursor}


@blueprint.get("/endpoints/<string:endpoint_id>")
@blueprint.response(200, schemas.Endpoint)
def show(endpoint_id: str) -> dict[str, Any]:
    """Return an endpoint and how it is."""
    return services().endpoints.show(_workspace(), endpoint_id)


@blueprint.patch("/endpoints/<string:endpoint_id>")
@admin
@blueprint.arguments(schemas.EndpointChange)
@blueprint.response(200, schemas.Endpoint)
def change(new: dict[str, Any], endpoint_id: str) -> dict[str, Any]:
    """Change an endpoint; disabling it ends what is due there, which can be replayed."""
    return services().endpoints.change(_workspace(), endpoint_id, new)


@blueprint.delete("/endpoints/<string:endpoint_id>")
@admin
@blueprint.response(204)
def remove(endpoint_id: str) -> None:
    """Remove an endpoint; what was sent there stays listed."""
    services().endpoints.remove(_workspace(), endpoint_id)


@blueprint.post("/endpoints/<string:endpoint_id>/rotate")
@admin
@blueprint.arguments(schemas.Rotation)
@blueprint.response(200, schemas.Endpoint)
def rotate(new: dict[str, Any], endpoint_id: str) -> dict[str, Any]:
    """Give it a new secret, in this response; for a day the old one signs too."""
    return services().endpoints.rotate(_workspace(), endpoint_id, secret=new.get("secret"))


@blueprint.post("/endpoints/<string:endpoint_id>/test")
@blueprint.arguments(schemas.EndpointTest)
@blueprint.response(202, schemas.WholeDelivery)
def test(new: dict[str, Any], endpoint_id: str) -> Told:
    """Send it an example."""
    delivery_id = services().endpoints.test(_workspace(), endpoint_id, new["type"])
    return listing.show(scope(), delivery_id), 202, due(f"/v1/deliveries/{delivery_id}")


@blueprint.post("/endpoints/<string:endpoint_id>/recover")
@blueprint.arguments(schemas.Since)
@blueprint.response(202, schemas.Replayed)
def recover(new: dict[str, Any], endpoint_id: str) -> Told:
    """Send it again what it did not get since a time: up to 10,000 deliveries, oldest first."""
    found = services().endpoints.recover(_workspace(), endpoint_id, since_ms=new.get("since", 0))
    return {"replayed": found}, 202, due(f"/v1/deliveries?endpoint={endpoint_id}&state=pending")
