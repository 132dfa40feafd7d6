"""Callbacks: where they go, what was sent there, and how it went."""

import json
from typing import Any

import flask
from werkzeug.wrappers import Response

from web.console.site import REFUSALS, Page, blueprint, given, refused, to
from web.http.api import checked, scope, services
from web.http.auth import admin
from web.schemas import deliveries as schemas
from worker.deliveries import listing
from worker.deliveries.outbox import TYPES

_PAGE = 50
_STATES = {"": "All", "pending": "Waiting", "delivered": "Delivered", "exhausted": "Given up"}


@blueprint.get("/callbacks")
def callbacks() -> Page:
    """Show endpoints and deliveries."""
    return _callbacks()


@blueprint.post("/callbacks")
@admin
def make_endpoint() -> Page:
    """Make an endpoint; its secret is on this page and on no other."""
    try:
        fields: dict[str, Any] = {"url": given("url", most=2_000)}
        if events := flask.request.form.getlist("events"):
            fields["events"] = events
        if description := given("description"):
            fields["description"] = description
        made = services().endpoints.make(flask.g.principal.workspace_id, checked(schemas.NewEndpoint(), fields))
    except REFUSALS as error:
        return refused(error, _callbacks)
    flask.g.made = made["id"]
    return flask.render_template("console/secret.html", what="endpoint", of=made["url"], secret=made["secret"])


@blueprint.post("/callbacks/<string:endpoint_id>/<any(enable, disable, remove, rotate):what>")
@admin
def change_endpoint(endpoint_id: str, what: str) -> Page | Response:
    """Switch an endpoint on or off, remove it, or give it a new secret, which is on this page and on no other."""
    endpoints, mine = services().endpoints, flask.g.principal.workspace_id
    try:
        if what == "remove":
            endpoints.remove(mine, endpoint_id)
        elif what == "rotate":
            made = endpoints.rotate(mine, endpoint_id)
            return flask.render_template("console/secret.html", what="endpoint", of=made["url"], secret=made["secret"])
        else:
            endpoints.change(mine, endpoint_id, {"state": f"{what}d"})
    except REFUSALS as error:
        return refused(error, _callbacks)
    return to("callbacks")


@blueprint.post("/callbacks/<string:endpoint_id>/test")
def try_endpoint(endpoint_id: str) -> Page | Response:
    """Send an endpoint an example, and show how it goes."""
    try:
        id = services().endpoints.test(flask.g.principal.workspace_id, endpoint_id, "message.answered")
    except REFUSALS as error:
        return refused(error, _callbacks)
    return to("delivery", delivery_id=id)


@blueprint.get("/deliveries/<string:delivery_id>")
def delivery(delivery_id: str) -> Page:
    """Show a delivery: what it tells, and every attempt."""
    return _delivery(delivery_id)


@blueprint.post("/deliveries/<string:delivery_id>/replay")
def replay(delivery_id: str) -> Page | Response:
    """Send it again under the same id."""
    try:
        services().endpoints.replay(flask.g.principal.workspace_id, delivery_id)
    except REFUSALS as error:
        return refused(error, _delivery, delivery_id)
    return to("delivery", delivery_id=delivery_id)


def _callbacks(**more: Any) -> str:
    asked = flask.request.args
    which = {"state": asked["state"]} if asked.get("state") in _STATES and asked["state"] else {}
    endpoints, _ = services().endpoints.page(flask.g.principal.workspace_id, limit=50)
    found, cursor = listing.page(scope(), which, after=asked.get("cursor"), limit=_PAGE)
    return flask.render_template(
        "console/callbacks.html",
        endpoints=endpoints,
        deliveries=found,
        cursor=cursor,
        state=which.get("state", ""),
        states=_STATES,
        types=TYPES,
        **more,
    )


def _delivery(delivery_id: str, **more: Any) -> str:
    shown = listing.show(scope(), delivery_id)
    payload = json.dumps(json.loads(shown["payload"]), indent=2, ensure_ascii=False)
    return flask.render_template("console/delivery.html", one=shown, payload=payload, **more)
