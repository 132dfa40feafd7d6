"""Reports on the quality of answers."""

from typing import Any

import flask
import marshmallow as ma
from marshmallow import fields, validate

from web.http.api import Blueprint, services
from web.http.auth import needs
from web.http.operations import operation
from worker.access.permissions import Permission
from worker.conversations.reports import quality

blueprint = Blueprint("quality", __name__, description="Reports on the quality of answers")


class QualityQuery(ma.Schema):
    """The time span of a report."""

    days = fields.Integer(load_default=30, validate=validate.Range(min=1, max=366))


class Targets(ma.Schema):
    """How many targets were reached in time and how many were missed."""

    reached = fields.Integer(required=True)
    missed = fields.Integer(required=True)


class ServiceLevels(ma.Schema):
    """The targets of the service level: of first responses and of resolutions."""

    first_response = fields.Nested(Targets, required=True)
    resolution = fields.Nested(Targets, required=True)


class Day(ma.Schema):
    """Outcomes of the messages that were received on a day (UTC)."""

    day = fields.String(required=True)
    answered = fields.Integer(required=True)
    clarified = fields.Integer(
        required=True, metadata={"description": "messages that got a question back, which are not counted as answered"}
    )
    partly_answered = fields.Integer(
        required=True, metadata={"description": "of the answered ones, those with a question that found no answer"}
    )
    handed_off = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    failed = fields.Integer(required=True)
    cancelled = fields.Integer(required=True)
    confirmed = fields.Integer(required=True, metadata={"description": "answers rated good"})
    rejected = fields.Integer(required=True, metadata={"description": "answers rated bad"})
    reopened = fields.Integer(
        required=True, metadata={"description": "answers after which the next message of the customer was handed off"}
    )
    sla = fields.Nested(ServiceLevels, required=True, metadata={"description": "targets whose time began on this day"})
    cost_usd = fields.Float(required=True)
    tokens = fields.Integer(required=True)
    latency_ms = fields.Dict(required=True, allow_none=True, metadata={"description": "p50, p95, p99"})


class Point(ma.Schema):
    """The coverage and risk if only answers with at least this support or confidence were sent."""

    coverage = fields.Float(required=True, metadata={"description": "share of all messages with such an answer"})
    risk = fields.Float(
        required=True, allow_none=True, metadata={"description": "share of answers rated bad among the rated ones"}
    )
    rated = fields.Integer(required=True)


class SupportPoint(Point):
    """The coverage and risk if only answers with at least this support were sent."""

    support = fields.Float(required=True)


class ConfidencePoint(Point):
    """The coverage and risk if only answers with at least this confidence were sent."""

    confidence = fields.Float(required=True)


class Quality(ma.Schema):
    """Outcomes by day, and the risk-coverage curves by support and by confidence."""

    days = fields.List(fields.Nested(Day), required=True)
    curve = fields.List(fields.Nested(SupportPoint), required=True)
    confidence_curve = fields.List(fields.Nested(ConfidencePoint), required=True)


@blueprint.get("/quality")
@operation("quality.retrieve")
@needs(Permission.READ)
@blueprint.arguments(QualityQuery, location="query")
@blueprint.response(200, Quality)
def show(query: dict[str, Any]) -> dict[str, Any]:
    """Return outcomes, ratings, cost and latency by day."""
    return quality(services().store, flask.g.principal.workspace_id, days=query["days"])
