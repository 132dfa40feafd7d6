"""Callbacks that were promised, and what became of them."""

import marshmallow as ma
from marshmallow import fields, validate

from web.schemas.fields import PageQuery, moment


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    state = fields.String(validate=validate.OneOf(["pending", "delivered", "exhausted"]))


class Attempt(ma.Schema):
    """One try at a delivery."""

    number = fields.Integer(required=True)
    started_at = moment(required=True)
    duration_ms = fields.Integer(required=True)
    status = fields.Integer(required=True, allow_none=True)
    address = fields.String(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    response = fields.String(required=True, allow_none=True)


class Delivery(ma.Schema):
    """A callback that was promised."""

    id = fields.String(required=True, metadata={"description": "the webhook-id of every attempt"})
    type = fields.String(required=True)
    url = fields.String(required=True)
    message_id = fields.String(required=True, allow_none=True)
    state = fields.String(required=True)
    attempts = fields.Integer(required=True)
    next_attempt_at = moment(required=True, allow_none=True)
    created_at = moment(required=True)
    last_attempt = fields.Nested(Attempt, required=True, allow_none=True)
