"""How well the desk is served."""

from typing import Any

import flask
import marshmallow as ma
from marshmallow import fields, validate

from web.http.api import Blueprint, services
from worker.conversations.reports import quality

blueprint = Blueprint("quality", __name__, description="How well the desk is served")


class QualityQuery(ma.Schema):
    """How far back."""

    days = fields.Integer(load_default=30, validate=validate.Range(min=1, max=366))


class Day(ma.Schema):
    """What became of the messages that came on a day, UTC."""

    day = fields.String(required=True)
    answered = fields.Integer(required=True)
    handed_off = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    failed = fields.Integer(required=True)
    cancelled = fields.Integer(required=True)
    confirmed = fields.Integer(required=True, metadata={"description": "answers that were rated good"})
    rejected = fields.Integer(required=True, metadata={"description": "answers that were rated bad"})
    reopened = fields.Integer(
        required=True, metadata={"description": "answers after which the customer's next message was handed off"}
    )
    cost_usd = fields.Float(required=True)
    tokens = fields.Integer(required=True)
    latency_ms = fields.Dict(required=True, allow_none=True, metadata={"description": "p50, p95, p99"})


class Point(ma.Schema):
    """What would be if only answers with at least this support were given."""

    support = fields.Float(required=True)
    coverage = fields.Float(required=True, metadata={"description": "share of all messages that have such an answer"})
    risk = fields.Float(required=True, allow_none=True, metadata={"description": "share of bad among the rated"})
    rated = fields.Integer(required=True)


class Quality(ma.Schema):
    """How well the desk is served, by day."""

    days = fields.List(fields.Nested(Day), required=True)
    curve = fields.List(fields.Nested(Point), required=True)


@blueprint.get("/quality")
@blueprint.arguments(QualityQuery, location="query")
@blueprint.response(200, Quality)
def show(query: dict[str, Any]) -> dict[str, Any]:
    """Tell what became of messages, what people said of it, what it cost and how long it took."""
    return quality(services().store, flask.g.principal.workspace_id, days=query["days"])
