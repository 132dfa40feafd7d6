"""Schemas of endpoints, deliveries and attempts."""

import marshmallow as ma
from marshmallow import fields, validate

from web.schemas.fields import Line, Moment, SortedQuery, Text, WebUrl, moment
from worker.deliveries.listing import OUTCOMES
from worker.deliveries.outbox import TICKET_CHANGED, TYPES
from worker.deliveries.signing import SCHEMES
from worker.states import ConnectionState, DeliveryKind, DeliveryState

#: Types of the events that deliveries report.
_REPORTED = [*TYPES, TICKET_CHANGED]


def _rate() -> fields.String:
    valid = validate.Regexp(r"^[1-9]\d{0,5}/(second|minute|hour|day)\Z", error="Must be a rate such as 10/second.")
    return fields.String(validate=valid, allow_none=True, metadata={"description": "such as 10/second"})


class _Given(ma.Schema):
    description = Text(most=500, allow_none=True)
    events = fields.List(
        fields.String(validate=validate.OneOf(list(TYPES))),
        allow_none=True,
        validate=validate.Length(min=1, max=len(TYPES)),
        metadata={"description": "event types to send; all if omitted"},
    )
    headers = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        allow_none=True,
        validate=validate.Length(max=20),
        metadata={"description": "headers to send with each callback"},
    )
    rate_limit = _rate()


class NewEndpoint(_Given):
    """A new endpoint."""

    url = WebUrl(required=True)
    secret = Line(most=200, metadata={"description": "whsec_… or whsk_…; generated if omitted"})
    signature = fields.String(
        validate=validate.OneOf(SCHEMES),
        load_default="hmac",
        metadata={"description": "signature scheme of a generated secret"},
    )


class EndpointChange(_Given):
    """Changes to an endpoint."""

    url = WebUrl()
    state = fields.String(validate=validate.OneOf(["enabled", "disabled"]))


class Rotation(ma.Schema):
    """A new secret."""

    secret = Line(most=200, metadata={"description": "generated if omitted"})


class Endpoint(ma.Schema):
    """A URL that receives callbacks."""

    id = fields.String(required=True)
    url = fields.String(required=True)
    description = fields.String(required=True, allow_none=True)
    events = fields.List(fields.String(), required=True, allow_none=True)
    headers = fields.Dict(required=True, metadata={"description": "names of the headers; values are masked"})
    rate_limit = fields.String(required=True, allow_none=True)
    signature = fields.String(required=True)
    public_key = fields.String(required=True, allow_none=True, metadata={"description": "whpk_…, with ed25519"})
    secret = fields.String(
        metadata={"description": "whsec_…, returned only when it is created or rotated; with ed25519 never"}
    )
    old_secret_until = moment(required=True, allow_none=True)
    state = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True, metadata={"description": "reason why it is disabled"})
    failures = fields.Integer(required=True, metadata={"description": "consecutive failures"})
    failing_since = moment(required=True, allow_none=True)
    circuit_open_until = moment(required=True, allow_none=True)
    created_at = moment(required=True)
    updated_at = moment(required=True)


class EndpointTest(ma.Schema):
    """A test delivery."""

    type = fields.String(validate=validate.OneOf(list(TYPES)), load_default="message.answered")


class Recovery(ma.Schema):
    """The start of a recovery."""

    since = Moment(metadata={"description": "since the endpoint was created if omitted"})


class DeliveryQuery(SortedQuery):
    """Filters of the list of deliveries."""

    state = fields.String(validate=validate.OneOf(list(DeliveryState)))
    kind = fields.String(validate=validate.OneOf(list(DeliveryKind)))
    endpoint = Text(most=64)
    type = fields.String(validate=validate.OneOf(_REPORTED))
    conversation_id = Text(most=64)
    message_id = Text(most=64)
    status = fields.String(
        validate=validate.OneOf(list(OUTCOMES)), metadata={"description": "result of one of its attempts"}
    )


class EndpointQuery(SortedQuery):
    """Filters of the list of endpoints."""

    state = fields.String(validate=validate.OneOf(tuple(ConnectionState)))


class Replay(ma.Schema):
    """Filters of the deliveries to send again."""

    state = fields.String(validate=validate.OneOf(["exhausted", "delivered"]), load_default="exhausted")
    kind = fields.String(validate=validate.OneOf(list(DeliveryKind)))
    endpoint = Text(most=64)
    type = fields.String(validate=validate.OneOf(_REPORTED))
    since = Moment(required=True)
    until = Moment()


class Replayed(ma.Schema):
    """The number of deliveries that are sent again."""

    replayed = fields.Integer(required=True)


class Attempt(ma.Schema):
    """One attempt at a delivery."""

    number = fields.Integer(required=True)
    started_at = moment(required=True)
    duration_ms = fields.Integer(required=True)
    status = fields.Integer(required=True, allow_none=True)
    address = fields.String(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    response = fields.String(required=True, allow_none=True)


class Delivery(ma.Schema):
    """A delivery to an endpoint, a helpdesk or a notification channel."""

    id = fields.String(required=True, metadata={"description": "sent as webhook-id with every attempt"})
    kind = fields.String(required=True, metadata={"description": "callback and endpoint are webhooks"})
    endpoint_id = fields.String(required=True, allow_none=True)
    type = fields.String(required=True, metadata={"description": "of the event that it reports"})
    url = fields.String(required=True)
    conversation_id = fields.String(required=True, allow_none=True)
    message_id = fields.String(required=True, allow_none=True)
    state = fields.String(required=True)
    attempts = fields.Integer(required=True)
    next_attempt_at = moment(required=True, allow_none=True)
    created_at = moment(required=True)
    finished_at = moment(required=True, allow_none=True)
    last_attempt = fields.Nested(Attempt, required=True, allow_none=True)


class WholeDelivery(Delivery):
    """A delivery with its payload and all its attempts."""

    payload = fields.String(
        required=True, metadata={"description": "the signed request body of a webhook; JSON for the other kinds"}
    )
    all_attempts = fields.List(fields.Nested(Attempt), required=True)
