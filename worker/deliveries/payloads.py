"""The payloads of deliveries, one type for each kind, and their form in the table."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from worker.states import DeliveryKind
from worker.store.rows import Delivery


@dataclass(frozen=True, kw_only=True)
class WebhookBody:
    """The body of a webhook, as it is signed and sent."""

    body: str


@dataclass(frozen=True, kw_only=True)
class TicketPost:
    """A reply or note for a ticket, and what it changes in the ticket."""

    ticket: str
    text: str
    public: bool
    status: str | None = None  # open, pending, closed
    tags: tuple[str, ...] = ()
    assignee: str | None = None
    group: str | None = None


@dataclass(frozen=True, kw_only=True)
class TicketChange:
    """The changes of a ticket that follow a post into it."""

    ticket: str
    status: str | None = None  # open, pending, closed
    tags: tuple[str, ...] = ()
    assignee: str | None = None
    group: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return not (self.status or self.tags or self.assignee or self.group)


@dataclass(frozen=True, kw_only=True)
class TicketRead:
    """A ticket to be read, for helpdesks whose webhooks say only that it changed."""

    ticket: str


@dataclass(frozen=True, kw_only=True)
class TicketEvents:
    """The events of a webhook that was accepted and could not be applied at once."""

    ticket: str
    events: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Notification:
    """A notification of agents about a handoff, in Slack or by e-mail."""

    text: str


Payload = WebhookBody | TicketPost | TicketChange | TicketRead | TicketEvents | Notification

_TYPES: Mapping[DeliveryKind, type[Payload]] = {
    DeliveryKind.CALLBACK: WebhookBody,
    DeliveryKind.ENDPOINT: WebhookBody,
    DeliveryKind.TICKET_REPLY: TicketPost,
    DeliveryKind.TICKET_NOTE: TicketPost,
    DeliveryKind.HANDOFF_NOTE: TicketPost,
    DeliveryKind.AGENT_REPLY: TicketPost,
    DeliveryKind.TICKET_CHANGE: TicketChange,
    DeliveryKind.TICKET_READ: TicketRead,
    DeliveryKind.TICKET_EVENTS: TicketEvents,
    DeliveryKind.NOTIFICATION: Notification,
    DeliveryKind.NOTIFICATION_UPDATE: Notification,
}


def serialise(kind: DeliveryKind, payload: Payload) -> str:
    """Return the form of a payload in the table: a webhook's body as it is, any other as JSON.

    Raises:
        TypeError: deliveries of this kind have another payload.
    """
    if not isinstance(payload, _TYPES[kind]):
        raise TypeError(f"A delivery of the kind {kind} has no {type(payload).__name__}.")
    if isinstance(payload, WebhookBody):
        return payload.body
    values = {name: value for name, value in asdict(payload).items() if value not in (None, ())}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def payload_of(delivery: Delivery) -> Payload:
    """Return the payload of a delivery.

    Raises:
        ValueError: the stored payload is not JSON.
        TypeError: it does not have the fields of this kind.
    """
    if delivery.kind in (DeliveryKind.CALLBACK, DeliveryKind.ENDPOINT):
        return WebhookBody(body=delivery.payload)
    values: dict[str, Any] = json.loads(delivery.payload)
    for name in ("tags", "events"):
        if name in values:
            values[name] = tuple(values[name] or ())
    return _TYPES[delivery.kind](**values)
