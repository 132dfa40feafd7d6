"""Promise callbacks, in the transaction of the event that they tell."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from worker.ids import new_id
from worker.store.tables import delivery, endpoint
from worker.time import to_rfc3339

#: What endpoints can be told, and what of.
TYPES = {
    "message.answered": "a message was answered",
    "message.handed_off": "a message was given to a person",
    "message.cancelled": "a message was cancelled",
    "message.failed": "a message could not be worked on",
    "message.replied": "a person replied to the customer",
    "conversation.handed_off": "a person owns the conversation from now on",
    "conversation.resumed": "the bot answers again",
    "conversation.closed": "the conversation was closed",
    "document.ready": "a document is searchable",
    "document.failed": "a document could not be read",
    "snapshot.published": "the knowledge base has a new version",
    "endpoint.disabled": "an endpoint failed for too long, or said that it is gone",
}

#: Standard Webhooks 1.0.0 asks for payloads below 20 kB; what is longer tells only ids, and where to read the rest.
_MAX_BYTES = 20_000

_ENABLED = sa.select(endpoint.c.id, endpoint.c.url, endpoint.c.events).where(
    endpoint.c.workspace_id == sa.bindparam("workspace"), endpoint.c.state == "enabled"
)


#: Whom to tell: an endpoint's id, or None for a `callback_url`, and the URL.
Target = tuple[str | None, str]


def wanted_by(tx: sa.Connection, workspace_id: str, type: str) -> list[Target]:
    """Return the endpoints that want to be told of this."""
    rows = tx.execute(_ENABLED, {"workspace": workspace_id})
    return [(row.id, row.url) for row in rows if row.events is None or type in row.events]


def enqueue_deliveries(
    tx: sa.Connection,
    workspace_id: str,
    type: str,
    data: Mapping[str, Any],
    *,
    now: int,
    to: list[Target],
    lane: str | None = None,
    event_id: int | None = None,
    conversation_id: str | None = None,
    message_id: str | None = None,
) -> list[str]:
    """Write a delivery to each of `to`; return their ids.

    Without `lane`, each goes in that of its endpoint, or of its URL's origin.
    """
    if not to:
        return []
    body = payload(type, data, at=now) if lane is None else _json({"type": type, "data": data})
    rows = [
        {
            "id": new_id("whd"),
            "workspace_id": workspace_id,
            "lane": lane or endpoint_id or lane_of(workspace_id, url),
            "endpoint_id": endpoint_id,
            "conversation_id": conversation_id,
            "message_id": message_id,
            "event_id": event_id,
            "type": type,
            "url": url,
            "payload": body,
            "state": "pending",
            "attempts": 0,
            "lease_token": 0,
            "due_at": now,
            "created_at": now,
        }
        for endpoint_id, url in to
    ]
    tx.execute(delivery.insert(), rows)
    return [str(row["id"]) for row in rows]


def publish(tx: sa.Connection, workspace_id: str, type: str, data: Iterable[Mapping[str, Any]], *, now: int) -> None:
    """Promise every endpoint that wants it what concerns no conversation: one delivery for each of `data`."""
    data = list(data)
    wanting = wanted_by(tx, workspace_id, type) if data else []
    for one in data if wanting else ():
        enqueue_deliveries(tx, workspace_id, type, one, now=now, to=wanting)


def payload(type: str, data: Mapping[str, Any], *, at: int) -> str:
    """Return the JSON of a callback, below 20 kB: the most of it that fits."""
    body = ""
    for told in _shorter(data):
        body = _json({"type": type, "timestamp": to_rfc3339(at), "data": told})
        if len(body.encode()) < _MAX_BYTES:
            break
    return body


def lane_of(workspace_id: str, url: str) -> str:
    """Return the lane of a URL that is no endpoint's: one for all URLs of an origin."""
    parts = urlsplit(url)
    return "org_" + hashlib.sha256(f"{workspace_id} {parts.scheme}://{parts.netloc}".encode()).hexdigest()[:32]


def _shorter(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what is told, then less of it: what became of a message is left out after what was asked, and quotes."""
    yield data
    thin = {name: _thin(value) for name, value in data.items()} | {"truncated": True}
    message = data.get("message")
    if isinstance(message, Mapping):
        outcome = {name: message[name] for name in ("reply", "handoff", "error") if message.get(name) is not None}
        yield {**thin, "message": {**thin["message"], **outcome}}
        if (reply := message.get("reply")) is not None:
            sources = [{name: one[name] for name in one if name != "quote"} for one in reply.get("citations", ())]
            yield {**thin, "message": {**thin["message"], **outcome, "reply": {**reply, "citations": sources}}}
    yield thin


def _thin(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    kept = ("id", "conversation_id", "external_id", "seq", "role", "state", "owner", "version", "created_at", "links")
    return {name: value[name] for name in kept if name in value and len(_json(value[name])) < 2_000}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
