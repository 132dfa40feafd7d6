"""Webhook endpoints and deliveries."""

import json
from typing import Any

import flask
from werkzeug.wrappers import Response

from web.console.site import REFUSALS, Page, blueprint, given, refused, to
from web.http.api import checked, scope, services
from web.http.auth import admin, needs
from web.schemas import deliveries as schemas
from worker.access.permissions import Permission
from worker.deliveries import listing
from worker.deliveries.outbox import TYPES

_PAGE = 50
_STATES = {"": "All", "pending": "Pending", "delivered": "Delivered", "exhausted": "Failed"}


@blueprint.get("/callbacks")
@needs(Permission.READ)
def callbacks() -> Page:
    """Show endpoints and deliveries."""
    return _callbacks()


@blueprint.post("/callbacks")
@admin
def make_endpoint() -> Page:
    """Create an endpoint; only this response shows its secret."""
    try:
        fields: dict[str, Any] = {"url": given("url", most=2_000)}
        if events := flask.request.form.getlist("events"):
            fields["events"] = events
        if description := given("description"):
            fields["description"] = description
        endpoint = services().endpoints.make(flask.g.principal.workspace_id, checked(schemas.NewEndpoint(), fields))
    except REFUSALS as error:
        return refused(error, _callbacks)
    flask.g.made = endpoint["id"]
    return _secret(endpoint)


@blueprint.post("/callbacks/<string:endpoint_id>/<any(enable, disable, remove, rotate):action>")
@admin
def change_endpoint(endpoint_id: str, action: str) -> Page | Response:
    """Enable, disable or delete an endpoint, or rotate its secret; only the response shows a new secret."""
    endpoints, workspace_id = services().endpoints, flask.g.principal.workspace_id
    try:
        if action == "remove":
            endpoints.remove(workspace_id, endpoint_id)
        elif action == "rotate":
            return _secret(endpoints.rotate(workspace_id, endpoint_id))
        else:
            endpoints.change(workspace_id, endpoint_id, {"state": f"{action}d"})
    except REFUSALS as error:
        return refused(error, _callbacks)
    return to("callbacks")


@blueprint.post("/callbacks/<string:endpoint_id>/test")
@needs(Permission.OPERATE)
def try_endpoint(endpoint_id: str) -> Page | Response:
    """Send a test delivery, and show it."""
    try:
        id = services().endpoints.test(flask.g.principal.workspace_id, endpoint_id, "message.answered")
        services().hints.send(endpoint_id)
    except REFUSALS as error:
        return refused(error, _callbacks)
    return to("delivery", delivery_id=id)


@blueprint.get("/deliveries/<string:delivery_id>")
@needs(Permission.READ)
def delivery(delivery_id: str) -> Page:
    """Show a delivery, its payload and its attempts."""
    return _delivery(delivery_id)


@blueprint.post("/deliveries/<string:delivery_id>/replay")
@needs(Permission.OPERATE)
def replay(delivery_id: str) -> Page | Response:
    """Send a delivery again under the same id."""
    try:
        services().hints.send(services().endpoints.replay(flask.g.principal.workspace_id, delivery_id))
    except REFUSALS as error:
        return refused(error, _delivery, delivery_id)
    return to("delivery", delivery_id=delivery_id)


def _callbacks(**more: Any) -> str:
    query = flask.request.args
    filters = {"state": query["state"]} if query.get("state") in _STATES and query["state"] else {}
    endpoints, _ = services().endpoints.page(flask.g.principal.workspace_id, limit=50)
    found, cursor = listing.page(scope(), filters, after=query.get("cursor"), limit=_PAGE)
    return flask.render_template(
        "console/callbacks.html",
        endpoints=endpoints,
        deliveries=found,
        cursor=cursor,
        state=filters.get("state", ""),
        states=_STATES,
        types=TYPES,
        **more,
    )


def _delivery(delivery_id: str, **more: Any) -> str:
    found = listing.show(scope(), delivery_id)
    payload = json.dumps(json.loads(found["payload"]), indent=2, ensure_ascii=False)
    return flask.render_template("console/delivery.html", delivery=found, payload=payload, states=_STATES, **more)


def _secret(endpoint: dict[str, Any]) -> str:
    return flask.render_template(
        "console/secret.html",
        kind="endpoint",
        name=endpoint["url"],
        public_key=endpoint["public_key"],
        secret=endpoint.get("secret"),
    )
