"""Schemas of escalations."""

import marshmallow as ma
from marshmallow import fields, validate

from web.schemas.fields import Line, SortedQuery, Text, links, moment
from worker.states import EscalationState, HandoffReason, Priority


class EscalationQuery(SortedQuery):
    """Filters of the list of escalations."""

    state = fields.String(validate=validate.OneOf(tuple(EscalationState)))
    assignee = Text(most=200)
    reason = fields.String(validate=validate.OneOf(tuple(HandoffReason)))
    category = Text(most=200)
    priority = fields.String(validate=validate.OneOf(tuple(Priority)))
    conversation_id = Text(most=64)


class Assignment(ma.Schema):
    """The agent who takes an escalation."""

    assignee = Line(most=200, required=True)


class Closing(ma.Schema):
    """The end of an escalation."""

    note = Text(most=2_000)
    then = fields.String(
        validate=validate.OneOf(["close", "resume"]),
        load_default="close",
        metadata={"description": "close the conversation, or return it to the bot"},
    )


class Escalation(ma.Schema):
    """A task for an agent."""

    id = fields.String(required=True)
    conversation_id = fields.String(required=True)
    message_id = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf(tuple(EscalationState)))
    reason = fields.String(required=True)
    category = fields.String(required=True)
    priority = fields.String(required=True)
    summary = fields.String(required=True)
    reasons = fields.List(fields.String(), required=True)
    assignee = fields.String(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    created_at = moment(required=True)
    assigned_at = moment(required=True, allow_none=True)
    closed_at = moment(required=True, allow_none=True)
    links = links()
