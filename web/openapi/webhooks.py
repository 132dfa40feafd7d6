"""The webhooks of the description: what Answerback sends to endpoints and to callback URLs."""

from collections.abc import Iterable
from typing import Any

from worker.deliveries.outbox import TYPES

Json = dict[str, Any]

#: The events whose data is a message with its conversation.
MESSAGE_EVENTS = ("message.answered", "message.handed_off", "message.cancelled", "message.failed", "message.replied")

_HEADERS = {
    "webhook-id": "id of the delivery, the same with every attempt",
    "webhook-timestamp": "time of the attempt, in seconds since 1970",
    "webhook-signature": "signatures separated by blanks, each `v1,` or `v1a,` and base64",
}
_REPEATED = (
    "Verify the signature, process each `webhook-id` once, and respond with 2xx within 20 seconds: anything else is "
    "retried. Data that would make the body larger than 20 kB is left out, and `truncated` says so."
)
_SLA = "of the events `conversation.sla_…` alone: the `target`, the `priority`, and `due_at`"


def webhooks() -> Json:
    """Return the webhook of each type of event."""
    return {name: {"post": _webhook([name], about, f"webhooks.{name}")} for name, about in TYPES.items()}


def callback() -> Json:
    """Return the callback to a message's own URL."""
    about = "a message has ended"
    return {"{$request.body#/callback_url}": {"post": _webhook(MESSAGE_EVENTS, about, None)}}


def _webhook(types: Iterable[str], about: str, operation_id: str | None) -> Json:
    named = {} if operation_id is None else {"operationId": operation_id, "tags": ["webhooks"]}
    return named | {
        "summary": f"{about[0].upper()}{about[1:]} (Standard Webhooks).",
        "description": _REPEATED,
        "security": [],
        "parameters": [
            {"in": "header", "name": name, "required": True, "schema": {"type": "string"}, "description": meaning}
            for name, meaning in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _body(list(types))}}},
        "responses": {"2XX": {"description": "accepted"}, "410": {"description": "disables the endpoint"}},
    }


def _body(types: list[str]) -> Json:
    return {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "enum": types},
            "timestamp": {"type": "string", "format": "date-time"},
            "data": _data(types[0].partition(".")[0]),
        },
    }


def _data(subject: str) -> Json:
    """Return the schema of an event's data, by the first part of its type."""
    names = ["message", "conversation"] if subject == "message" else [subject]
    properties: Json = {"truncated": {"type": "boolean"}}
    if subject == "conversation":
        properties["sla"] = {"type": "object", "description": _SLA}
    for name in names:
        is_component = name in ("message", "conversation")
        properties[name] = {"$ref": f"#/components/schemas/{name.capitalize()}"} if is_component else {"type": "object"}
    return {"type": "object", "required": names, "properties": properties}
