"""Connected helpdesks, and their webhooks."""

import time
from typing import Any

import flask

from web.http.api import Blueprint, parse_json, services
from web.http.auth import admin, needs, public
from web.http.operations import operation
from web.schemas import helpdesks as schemas
from web.schemas.fields import page_of
from worker.access.permissions import Permission
from worker.errors import DatabaseUnavailable
from worker.helpdesks.protocol import WebhookPostponed

blueprint = Blueprint("helpdesks", __name__, description="Connected helpdesks")


def _workspace() -> str:
    return str(flask.g.principal.workspace_id)


@blueprint.post("/helpdesks")
@operation("helpdesks.create", "conflict", "address_refused")
@admin
@blueprint.arguments(schemas.NewHelpdesk)
@blueprint.response(201, schemas.Helpdesk)
def make(new: dict[str, Any]) -> dict[str, Any]:
    """Connect a helpdesk; only this response includes its `webhook_secret`."""
    return services().connections.make(_workspace(), new)


@blueprint.get("/helpdesks")
@operation("helpdesks.list")
@needs(Permission.READ)
@blueprint.arguments(schemas.HelpdeskQuery, location="query")
@blueprint.response(200, page_of(schemas.Helpdesk))
def list_helpdesks(query: dict[str, Any]) -> dict[str, Any]:
    """List the connected helpdesks by name, on one page."""
    return {"items": services().connections.all(_workspace(), query), "next_cursor": None}


@blueprint.get("/helpdesks/<string:helpdesk_id>")
@operation("helpdesks.retrieve")
@needs(Permission.READ)
@blueprint.response(200, schemas.Helpdesk)
def show(helpdesk_id: str) -> dict[str, Any]:
    """Return a connected helpdesk."""
    return services().connections.show(_workspace(), helpdesk_id)


@blueprint.patch("/helpdesks/<string:helpdesk_id>")
@operation("helpdesks.update", "address_refused")
@admin
@blueprint.arguments(schemas.HelpdeskChange)
@blueprint.response(200, schemas.Helpdesk)
def change(new: dict[str, Any], helpdesk_id: str) -> dict[str, Any]:
    """Change a connection."""
    return services().connections.change(_workspace(), helpdesk_id, new)


@blueprint.delete("/helpdesks/<string:helpdesk_id>")
@operation("helpdesks.delete")
@admin
@blueprint.response(204)
def remove(helpdesk_id: str) -> None:
    """Disconnect a helpdesk; its conversations stay."""
    services().connections.remove(_workspace(), helpdesk_id)


@blueprint.route("/helpdesks/<string:helpdesk_id>/inbound", methods=["HEAD"])
@operation("helpdesks.validate")
@public
@blueprint.response(200)
def validate(helpdesk_id: str) -> None:
    """Confirm that webhooks can be sent here: some helpdesks ask before they accept the URL."""
    services().connections.opened(helpdesk_id)


@blueprint.post("/helpdesks/<string:helpdesk_id>/inbound")
@operation("helpdesks.receive", "webhook_refused", "webhook_postponed", "malformed", "invalid")
@public
@blueprint.response(204)
@blueprint.alt_response(200, schema=schemas.Challenge, description="the response to Slack's URL verification")
def inbound(helpdesk_id: str) -> Any:
    """Receive a webhook of a helpdesk, which is signed and needs no key."""
    connections = services().connections
    headers = {name.lower(): value for name, value in flask.request.headers.items()}
    body = flask.request.get_data(cache=False)
    try:
        desk = connections.opened(helpdesk_id)
        delivery_id, events = connections.read(desk, body, headers, now=time.time(), parse=parse_json)
        services().inbound.receive(desk, delivery_id, events)
    except DatabaseUnavailable:
        raise WebhookPostponed from None  # with a status after which every helpdesk sends it again
    challenge = next((event.text for event in events if event.kind == "challenge"), None)
    return flask.jsonify(challenge=challenge) if challenge else None
