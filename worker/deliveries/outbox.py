"""Enqueue deliveries in the transaction of the event that they report."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from worker.deliveries.payloads import (
    Notification,
    Payload,
    TicketChange,
    TicketEvents,
    TicketPost,
    TicketRead,
    WebhookBody,
    serialise,
)
from worker.ids import new_id
from worker.states import ConnectionState, DeliveryKind, DeliveryState
from worker.store.rows import Helpdesk
from worker.store.tables import delivery, endpoint, event
from worker.time import to_rfc3339

#: The types of events that endpoints can subscribe to, with a description of each.
TYPES = {
    "message.answered": "a message was answered",
    "message.handed_off": "a message was handed off",
    "message.cancelled": "a message was cancelled",
    "message.failed": "a message could not be worked on",
    "message.replied": "an agent replied to the customer",
    "conversation.handed_off": "a human owns the conversation from now on",
    "conversation.resumed": "the bot answers again",
    "conversation.closed": "the conversation was closed",
    "conversation.sla_warning": "a target of the desk's service level is due soon",
    "conversation.sla_breached": "a target of the desk's service level was missed",
    "document.ready": "a document is searchable",
    "document.failed": "a document could not be read",
    "snapshot.published": "the knowledge base has a new version",
    "endpoint.disabled": "an endpoint failed for too long, or said that it is gone",
}

#: Standard Webhooks 1.0.0 asks for payloads below 20 kB; a longer one has only ids, and links to the rest.
_MAX_BYTES = 20_000

_ENABLED = sa.select(endpoint.c.id, endpoint.c.url, endpoint.c.events).where(
    endpoint.c.workspace_id == sa.bindparam("workspace"), endpoint.c.state == ConnectionState.ENABLED
)

#: Type of the event behind a ticket that is read because its helpdesk reported a change.
TICKET_CHANGED = "ticket.changed"

#: Characters of a ticket's id that are kept.
MAX_TICKET = 100


#: An endpoint's id, or None for a callback URL, and the URL.
Target = tuple[str | None, str]


def subscribers(tx: sa.Connection, workspace_id: str, type: str) -> list[Target]:
    """Return the enabled endpoints that subscribe to a type of event."""
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
    event_id: int | None = None,
    conversation_id: str | None = None,
    message_id: str | None = None,
) -> list[str]:
    """Enqueue a webhook to each of `to` and return the ids of the deliveries."""
    if not to:
        return []
    body = WebhookBody(body=webhook_body(type, data, at=now))
    rows = [
        {
            **_delivery(
                workspace_id,
                DeliveryKind.CALLBACK if endpoint_id is None else DeliveryKind.ENDPOINT,
                body,
                type=type,
                url=url,
                now=now,
            ),
            "destination_id": endpoint_id or destination_of(workspace_id, url),
            "endpoint_id": endpoint_id,
            "conversation_id": conversation_id,
            "message_id": message_id,
            "ticket": None,
            "event_id": event_id,
        }
        for endpoint_id, url in to
    ]
    tx.execute(delivery.insert(), rows)
    return [str(row["id"]) for row in rows]


def enqueue_helpdesk_delivery(
    tx: sa.Connection,
    helpdesk: Helpdesk,
    kind: DeliveryKind,
    payload: TicketPost | TicketChange | TicketRead | TicketEvents | Notification,
    *,
    type: str,
    now: int,
    event_id: int | None = None,
    conversation_id: str | None = None,
    message_id: str | None = None,
    delay_ms: int = 0,
    id: str | None = None,
) -> str:
    """Enqueue a post into a ticket, a change or a read or the events of one, or a notification; return its id.

    Args:
        type: of the event behind it.
        delay_ms: how long it waits before the first attempt.
        id: of the delivery, where it must be enqueued once; a new one otherwise.

    Raises:
        IntegrityError: there is a delivery with this id.
    """
    row = {
        **_delivery(helpdesk.workspace_id, kind, payload, type=type, url=helpdesk.url, now=now),
        **({} if id is None else {"id": id}),
        "destination_id": helpdesk.id,
        "conversation_id": conversation_id,
        "message_id": message_id,
        "ticket": None if isinstance(payload, Notification) else payload.ticket[:MAX_TICKET],
        "event_id": event_id,
        "due_at": now + delay_ms,
    }
    tx.execute(delivery.insert(), row)
    return str(row["id"])


def _delivery(
    workspace_id: str, kind: DeliveryKind, payload: Payload, *, type: str, url: str, now: int
) -> dict[str, Any]:
    return {
        "id": new_id("whd"),
        "workspace_id": workspace_id,
        "kind": kind,
        "type": type,
        "url": url,
        "payload": serialise(kind, payload),
        "state": DeliveryState.PENDING,
        "attempts": 0,
        "lease_token": 0,
        "due_at": now,
        "created_at": now,
    }


def publish(tx: sa.Connection, workspace_id: str, type: str, data: Iterable[Mapping[str, Any]], *, now: int) -> None:
    """Record events of no conversation, one for each of `data`, and enqueue them to the endpoints that subscribe."""
    items = list(data)
    if items:
        recorded = {"workspace_id": workspace_id, "type": type, "created_at": now}
        tx.execute(event.insert(), [{**recorded, "data": dict(item)} for item in items])
    endpoints = subscribers(tx, workspace_id, type) if items else []
    for item in items if endpoints else ():
        enqueue_deliveries(tx, workspace_id, type, item, now=now, to=endpoints)


def webhook_body(type: str, data: Mapping[str, Any], *, at: int) -> str:
    """Return the JSON of a webhook, below 20 kB: as much of the data as fits."""
    body = ""
    for shorter in _shorter(data):
        body = _json({"type": type, "timestamp": to_rfc3339(at), "data": shorter})
        if len(body.encode()) < _MAX_BYTES:
            break
    return body


def destination_of(workspace_id: str, url: str) -> str:
    """Return the destination of a callback URL: one for all URLs of an origin."""
    parts = urlsplit(url)
    return "org_" + hashlib.sha256(f"{workspace_id} {parts.scheme}://{parts.netloc}".encode()).hexdigest()[:32]


def _shorter(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the data, then less and less of it: without the message's content, without quotes, without the outcome."""
    yield data
    thin = {name: _thin(value) for name, value in data.items()} | {"truncated": True}
    message = data.get("message")
    if isinstance(message, Mapping):
        outcome = {name: message[name] for name in ("reply", "handoff", "error") if message.get(name) is not None}
        yield {**thin, "message": {**thin["message"], **outcome}}
        if (reply := message.get("reply")) is not None:
            sources = [
                {name: value for name, value in citation.items() if name != "quote"}
                for citation in reply.get("citations", ())
            ]
            yield {**thin, "message": {**thin["message"], **outcome, "reply": {**reply, "citations": sources}}}
    yield thin


def _thin(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    kept = ("id", "conversation_id", "external_id", "seq", "role", "state", "owner", "version", "created_at", "links")
    return {name: value[name] for name in kept if name in value and len(_json(value[name])) < 2_000}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
