"""Rows of what is sent, and where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from worker.states import ConnectionState, DeliveryKind, DeliveryState, HelpdeskMode
from worker.store.rows.base import Json, TableRow


@dataclass(frozen=True, kw_only=True)
class Endpoint(TableRow):
    """A webhook endpoint of a workspace."""

    id: str
    workspace_id: str
    url: str
    description: str | None = None
    events: Sequence[str] | None = None
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    rate_limit: str | None = None
    secret: str = field(repr=False)
    old_secret: str | None = field(default=None, repr=False)
    old_until: int | None = None
    state: ConnectionState
    reason: str | None = None
    created_at: int
    updated_at: int


@dataclass(frozen=True, kw_only=True)
class Destination(TableRow):
    """The circuit state and rate of one destination of deliveries."""

    id: str
    workspace_id: str
    failures: int
    failing_since: int | None = None
    circuit_open_until: int | None = None
    paced_until: int | None = None


@dataclass(frozen=True, kw_only=True)
class Delivery(TableRow):
    """A webhook, helpdesk post or notification that is due, was sent or was given up."""

    id: str
    workspace_id: str
    kind: DeliveryKind
    destination_id: str
    endpoint_id: str | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    ticket: str | None = None
    event_id: int | None = None
    type: str
    url: str
    payload: str
    state: DeliveryState
    attempts: int
    round: int
    lease_token: int
    due_at: int | None = None
    created_at: int
    finished_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class Attempt(TableRow):
    """One try of a delivery."""

    id: int
    workspace_id: str
    delivery_id: str
    number: int
    started_at: int
    duration_ms: int
    status: int | None = None
    address: str | None = None
    error: str | None = None
    response: str | None = None


@dataclass(frozen=True, kw_only=True)
class Helpdesk(TableRow):
    """A connected helpdesk, Slack channel or mail address."""

    id: str
    workspace_id: str
    name: str
    kind: str
    url: str
    token: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    options: Json
    mode: HelpdeskMode
    languages: Sequence[str] | None = None
    hours: Json | None = None
    handoff: Json | None = None
    answered: Json | None = None
    resume_tag: str | None = None
    state: ConnectionState
    heard_at: int | None = None
    refused_at: int | None = None
    created_at: int
    updated_at: int
