"""Fields of messages and events that the caller may see: all with an API key, some with a conversation token."""

from collections.abc import Callable
from typing import Any

import flask

#: Takes an event's type and data; returns the data that the reader may see.
View = Callable[[str, dict[str, Any]], dict[str, Any]]

_CUSTOMER_FIELDS = (
    *("id", "conversation_id", "seq", "role", "author", "content", "attachments", "state", "reply"),
    *("citations", "feedback", "created_at", "finished_at", "links"),
)
_REPLY_FIELDS = (
    *("id", "kind", "content", "options", "text", "greeting", "signature", "citation_style", "citations", "support"),
    "confidence",
)


def is_customer() -> bool:
    """Whether the caller authenticated with a conversation token."""
    return flask.g.principal.conversation_id is not None


def unfiltered(_type: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return all data of an event: the view of a reader with an API key."""
    return data


def view() -> View:
    """Return the view of events that the caller has."""
    return event_for_customer if is_customer() else unfiltered


def visible(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message with the fields that the caller may see."""
    return for_customer(message) if is_customer() else message


def for_customer(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message without the summary for agents, the error, and the time and cost of the answer."""
    public = {name: message[name] for name in _CUSTOMER_FIELDS}
    if public["reply"] is not None:
        public["reply"] = {name: public["reply"][name] for name in _REPLY_FIELDS}
    public["handoff"] = {"reason": message["handoff"]["reason"]} if message["handoff"] else None
    return public


def event_for_customer(type: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return the data of an event that a customer may see."""
    if "role" in data:  # a whole message
        return for_customer(data)
    if type.startswith("conversation."):
        return {"conversation_id": data["conversation_id"]}
    return {name: data[name] for name in ("message_id", "offset", "text", "citations") if name in data}
