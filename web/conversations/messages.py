"""Messages: what became of them, as a poll, a wait or a stream; cancel; try again; feedback."""

import re
import time
from typing import Any

import flask
from flask import Response

from web.http import audience
from web.http.api import Blueprint, scope, services, waiters
from web.http.auth import customers
from web.schemas import conversations as schemas
from web.streaming.feeds import MessageFeed
from web.streaming.responses import EventLines, StreamResponse, streams
from web.streaming.streams import Telling
from worker.conversations import listing
from worker.conversations.outcomes import ENDED
from worker.services import Services
from worker.store.scope import Scope

blueprint = Blueprint("messages", __name__, description="Messages and what became of them")

MAX_WAIT_S = 60
_LOOK_EVERY_S = 1.0
_WAIT = re.compile(r"""(?:^|[,;\s])wait\s*=\s*("?)(\d{1,6})\1\s*(?:$|[,;\s])""", re.I)


@blueprint.get("/messages/<string:message_id>")
@customers
@blueprint.response(200, schemas.Message)
@blueprint.doc(
    parameters=[
        {
            "in": "header",
            "name": "Prefer",
            "schema": {"type": "string"},
            "description": "`wait=N`: answer when the message has ended, or after N seconds (at most 60)",
        }
    ]
)
def show(message_id: str) -> Any:
    """Return a message; with `Prefer: wait=N`, wait until it has ended."""
    mine = scope()
    message = listing.get_message(mine, message_id)
    preferred = _WAIT.search(flask.request.headers.get("Prefer", ""))
    if preferred is None:
        return audience.seen(message)
    free = waiters()
    if not free.acquire(blocking=False):
        return audience.seen(message)  # a wait holds a thread; the last ones are kept for requests that do not wait
    try:
        seconds = min(int(preferred.group(2)), MAX_WAIT_S)
        message = _wait(services(), mine, message, seconds)
    finally:
        free.release()
    return audience.seen(message), 200, {"Preference-Applied": f"wait={seconds}"}


@blueprint.get("/messages/<string:message_id>/events")
@customers
@blueprint.response(200, {"type": "string"}, content_type="text/event-stream")
@blueprint.doc(
    parameters=[
        {
            "in": "header",
            "name": "Last-Event-ID",
            "schema": {"type": "string"},
            "description": "the id of the last event that was received; what came later follows",
        }
    ]
)
def stream(message_id: str) -> Response:
    """Stream what happens to a message, until it has ended (Server-Sent Events)."""
    mine = scope()
    message = listing.get_message(mine, message_id)
    feed = MessageFeed(
        services(), mine, message, last_id=flask.request.headers.get("Last-Event-ID", ""), view=audience.view()
    )
    told = Telling(
        conversation_id=message["conversation_id"],
        source=feed,
        wire=EventLines(),
        end=streams().reserve(flask.g.principal),
        valid=flask.g.valid,
    )
    return StreamResponse(told)


@blueprint.post("/messages/<string:message_id>/cancel")
@customers
@blueprint.response(200, schemas.Message)
def cancel(message_id: str) -> dict[str, Any]:
    """End an open message; if it is being answered, the model is stopped."""
    built = services()
    conversation_id = built.actions.cancel(flask.g.principal.workspace_id, message_id)
    built.wakeups.send(conversation_id)
    built.hints.deliver(conversation_id)
    return audience.seen(listing.get_message(scope(), message_id))


@blueprint.post("/messages/<string:message_id>/retry")
@blueprint.response(202, schemas.Message)
def retry(message_id: str) -> tuple[Any, int, dict[str, str]]:
    """Have a message that was handed off or failed answered once more; the conversation is the bot's again."""
    built = services()
    conversation_id = built.actions.retry(flask.g.principal.workspace_id, message_id)
    built.wakeups.send(conversation_id)
    built.hints.drain(conversation_id)
    shown = listing.get_message(scope(), message_id)
    return shown, 202, {"Location": shown["links"]["self"], "Retry-After": "1"}


@blueprint.put("/messages/<string:message_id>/feedback")
@customers
@blueprint.arguments(schemas.NewFeedback)
@blueprint.response(200, schemas.Message)
def rate(new: dict[str, Any], message_id: str) -> dict[str, Any]:
    """Say how good an answer was."""
    services().actions.rate(flask.g.principal.workspace_id, message_id, **new)
    return audience.seen(listing.get_message(scope(), message_id))


def _wait(built: Services, mine: Scope, message: dict[str, Any], seconds: float) -> dict[str, Any]:
    ends = time.monotonic() + seconds
    with built.wakeups.subscribe(message["conversation_id"]) as changed:
        while message["state"] not in ENDED and (left := ends - time.monotonic()) > 0:
            changed.wait(min(left, _LOOK_EVERY_S))
            changed.clear()
            message = listing.get_message(mine, message["id"])
    return message
