"""The event feed: what happened in a workspace, for clients that poll or stream instead of receiving webhooks."""

import time
from collections.abc import Mapping
from typing import Any

import flask
from flask import Response

from web.http.api import Blueprint, scope, services, waiters
from web.http.auth import needs
from web.http.operations import operation
from web.http.waiting import PREFER, preferred_wait
from web.schemas import events as schemas
from web.streaming.feeds import StreamEvent
from web.streaming.responses import ServerSentEvents, StreamResponse, streams
from web.streaming.subscriptions import Subscription
from worker.access.permissions import Permission
from worker.conversations import event_feed
from worker.conversations.event_feed import FeedPage, Position
from worker.conversations.example_events import record_test_event
from worker.conversations.wakeups import ANY
from worker.store.scope import Scope

blueprint = Blueprint("events", __name__, description="What happened, as a feed")

_POLL_INTERVAL_S = 1.0
_MIN_INTERVAL_S = 0.1  # between two reads of one request, however much happens
_BATCH = 100

_PREFER = PREFER | {"description": "`wait=N`: without events, wait N seconds for one (at most 60)"}
_LAST_EVENT_ID = {
    "in": "header",
    "name": "Last-Event-ID",
    "schema": {"type": "string"},
    "description": "the id of the last event received, or a cursor; the stream continues after it",
}


@blueprint.get("/events")
@operation("events.list", headers=(_PREFER,))
@needs(Permission.READ)
@blueprint.arguments(schemas.EventQuery, location="query")
@blueprint.response(200, schemas.EventPage)
def list_events(query: dict[str, Any]) -> Any:
    """List what happened in the workspace, oldest first; with `Prefer: wait=N`, wait for something to happen."""
    after = event_feed.start(scope(), query.get("cursor"))
    seconds = preferred_wait()
    free = waiters()
    if seconds is None or not free.acquire(blocking=False):
        return _to_api(event_feed.page(scope(), query, after=after, limit=query["limit"]))
    try:
        found = _wait(scope(), query, after, seconds)
    finally:
        free.release()
    return _to_api(found), 200, {"Preference-Applied": f"wait={seconds}"}


@blueprint.get("/events/stream")
@operation("events.stream", headers=(_LAST_EVENT_ID,))
@needs(Permission.READ)
@blueprint.arguments(schemas.EventFilter, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/event-stream")
def stream(query: dict[str, Any]) -> Response:
    """Stream what happens in the workspace (Server-Sent Events), from now on or after `Last-Event-ID`."""
    cursor = flask.request.headers.get("Last-Event-ID", "") or event_feed.NOW
    subscription = Subscription(
        conversation_id=query.get("conversation_id", ANY),
        source=WorkspaceFeed(scope(), query, after=event_feed.start(scope(), cursor)),
        format=ServerSentEvents(),
        release=streams().reserve(flask.g.principal),
        valid=flask.g.valid,
    )
    return StreamResponse(subscription)


@blueprint.get("/events/<string:event_id>")
@operation("events.retrieve")
@needs(Permission.READ)
@blueprint.response(200, schemas.FeedEvent)
def show(event_id: str) -> dict[str, Any]:
    """Return an event."""
    return event_feed.get(scope(), event_id)


@blueprint.post("/events/test")
@operation("events.test")
@needs(Permission.OPERATE)
@blueprint.arguments(schemas.NewTestEvent)
@blueprint.response(201, schemas.FeedEvent)
def test(new: dict[str, Any]) -> dict[str, Any]:
    """Make a test event, which is in the feed and is sent to the endpoints that subscribe to its type."""
    event_id, endpoint_ids = record_test_event(services().store, flask.g.principal.workspace_id, new["type"])
    for endpoint_id in endpoint_ids:
        services().hints.send(endpoint_id)
    return event_feed.get(scope(), event_id)


class WorkspaceFeed:
    """The events of a workspace as a source of a stream; it never ends."""

    ended = False

    def __init__(self, scope: Scope, which: Mapping[str, Any], *, after: Position) -> None:
        self._scope, self._which, self._after = scope, which, after
        self.more = False

    def poll(self) -> list[StreamEvent]:
        """Return up to 100 events since the last call, in order."""
        found = event_feed.page(self._scope, self._which, after=self._after, limit=_BATCH)
        self._after, self.more = found.end, found.has_more
        return [StreamEvent(id=str(position), type=item["type"], data=item) for position, item in found.events]

    def exists(self) -> bool:
        """A workspace exists as long as its keys are valid."""
        return True


def _wait(scope: Scope, query: Mapping[str, Any], after: Position, seconds: float) -> FeedPage:
    ends = time.monotonic() + seconds
    with services().wakeups.subscribe(query.get("conversation_id", ANY)) as changed:
        while True:
            found = event_feed.page(scope, query, after=after, limit=query["limit"])
            left = ends - time.monotonic()
            if found.events or found.has_more or left <= 0:
                return found
            after = found.end
            time.sleep(min(left, _MIN_INTERVAL_S))
            changed.wait(min(left, _POLL_INTERVAL_S))
            changed.clear()


def _to_api(found: FeedPage) -> dict[str, Any]:
    return {
        "items": [item for _position, item in found.events],
        "next_cursor": str(found.end),
        "has_more": found.has_more,
    }
