"""What a customer in a browser may see, whose token opens one conversation; who has an API key sees it all."""

from collections.abc import Callable
from typing import Any

import flask

#: Returns the part of an event's data that a reader may see, by the event's type.
View = Callable[[str, dict[str, Any]], dict[str, Any]]

_OF_MESSAGES = ("id", "conversation_id", "seq", "role", "author", "content", "attachments", "state", "reply")
_ALSO = ("citations", "feedback", "created_at", "finished_at", "links")


def is_customer() -> bool:
    """Whether this request comes with a conversation's token."""
    return flask.g.principal.conversation_id is not None


def all_of_it(_type: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return all data of an event: the view of a reader with an API key."""
    return data


def view() -> View:
    """Return what of an event whoever asks may be told."""
    return event_for_customer if is_customer() else all_of_it


def seen(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as whoever asks may see it."""
    return for_customer(message) if is_customer() else message


def for_customer(message: dict[str, Any]) -> dict[str, Any]:
    """Return what a customer may see of a message: not what people are told of them, nor what it took or cost."""
    shown = {name: message[name] for name in (*_OF_MESSAGES, *_ALSO)}
    if shown["reply"] is not None:
        shown["reply"] = {name: shown["reply"][name] for name in ("id", "content", "citations", "support")}
    shown["handoff"] = {"reason": message["handoff"]["reason"]} if message["handoff"] else None
    return shown


def event_for_customer(type: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return what a customer may be told of an event."""
    if "role" in data:  # a whole message
        return for_customer(data)
    if type.startswith("conversation."):
        return {"conversation_id": data["conversation_id"]}
    return {name: data[name] for name in ("message_id", "offset", "text", "citations") if name in data}
