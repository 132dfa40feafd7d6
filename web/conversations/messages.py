"""Messages: read by poll, long poll or stream; cancel, retry, rate."""

import time
from typing import Any

import flask
from flask import Response

from web.http import audience
from web.http.api import Blueprint, poll_headers, scope, services, waiters
from web.http.auth import customers, needs
from web.http.operations import operation
from web.http.waiting import PREFER, preferred_wait
from web.schemas import conversations as schemas
from web.streaming.feeds import MessageFeed
from web.streaming.responses import ServerSentEvents, StreamResponse, streams
from web.streaming.subscriptions import Subscription
from worker.access.permissions import Permission
from worker.conversations import listing
from worker.conversations.outcomes import ENDED
from worker.conversations.wakeups import Wakeups
from worker.store.scope import Scope

blueprint = Blueprint("messages", __name__, description="Messages and their outcomes")

_POLL_INTERVAL_S = 1.0


@blueprint.get("/messages/<string:message_id>")
@operation("messages.retrieve")
@needs(Permission.READ)
@customers
@blueprint.response(200, schemas.Message)
@blueprint.doc(
    parameters=[
        PREFER | {"description": "`wait=N`: respond when the message has ended, or after N seconds (at most 60)"}
    ]
)
def show(message_id: str) -> Any:
    """Return a message; with `Prefer: wait=N`, wait until it has ended."""
    message = listing.get_message(scope(), message_id)
    seconds = preferred_wait()
    if seconds is None:
        return audience.visible(message)
    free = waiters()
    if not free.acquire(blocking=False):
        return audience.visible(message)  # a long poll holds a thread; a quarter of them serve other requests
    try:
        message = _wait(services().wakeups, scope(), message, seconds)
    finally:
        free.release()
    return audience.visible(message), 200, {"Preference-Applied": f"wait={seconds}"}


@blueprint.get("/messages/<string:message_id>/events")
@operation("messages.stream")
@needs(Permission.READ)
@customers
@blueprint.response(200, {"type": "string"}, content_type="text/event-stream")
@blueprint.doc(
    parameters=[
        {
            "in": "header",
            "name": "Last-Event-ID",
            "schema": {"type": "string"},
            "description": "the id of the last event received; the stream continues after it",
        }
    ]
)
def stream(message_id: str) -> Response:
    """Stream the events of a message until it has ended (Server-Sent Events)."""
    message = listing.get_message(scope(), message_id)
    feed = MessageFeed(
        services().deltas,
        scope(),
        message,
        last_id=flask.request.headers.get("Last-Event-ID", ""),
        view=audience.view(),
    )
    subscription = Subscription(
        conversation_id=message["conversation_id"],
        source=feed,
        format=ServerSentEvents(),
        release=streams().reserve(flask.g.principal),
        valid=flask.g.valid,
    )
    return StreamResponse(subscription)


@blueprint.post("/messages/<string:message_id>/cancel")
@operation("messages.cancel", "conflict")
@needs(Permission.CONVERSE)
@customers
@blueprint.response(200, schemas.Message)
def cancel(message_id: str) -> dict[str, Any]:
    """Cancel a message that has not ended; a running model call is stopped."""
    services().actions.cancel(flask.g.principal.workspace_id, message_id)
    return audience.visible(listing.get_message(scope(), message_id))


@blueprint.post("/messages/<string:message_id>/retry")
@operation("messages.retry", "conflict")
@needs(Permission.CONVERSE)
@blueprint.response(202, schemas.Message)
def retry(message_id: str) -> tuple[Any, int, dict[str, str]]:
    """Retry a message that was handed off, failed or was taken for automatic mail; the bot owns the conversation."""
    services().actions.retry(flask.g.principal.workspace_id, message_id)
    message = listing.get_message(scope(), message_id)
    return message, 202, poll_headers(message["links"]["self"])


@blueprint.put("/messages/<string:message_id>/feedback")
@operation("messages.rate", "conflict")
@needs(Permission.CONVERSE)
@customers
@blueprint.arguments(schemas.NewFeedback)
@blueprint.response(200, schemas.Message)
def rate(new: dict[str, Any], message_id: str) -> dict[str, Any]:
    """Rate an answer."""
    services().actions.rate(flask.g.principal.workspace_id, message_id, **new)
    return audience.visible(listing.get_message(scope(), message_id))


def _wait(wakeups: Wakeups, scope: Scope, message: dict[str, Any], seconds: float) -> dict[str, Any]:
    ends = time.monotonic() + seconds
    with wakeups.subscribe(message["conversation_id"]) as changed:
        while message["state"] not in ENDED and (left := ends - time.monotonic()) > 0:
            changed.wait(min(left, _POLL_INTERVAL_S))
            changed.clear()
            message = listing.get_message(scope, message["id"])
    return message
