"""Schemas of reports."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from web.schemas.fields import Line


class ReportQuery(ma.Schema):
    """The period of a report, and the conversations that it counts."""

    since = fields.Date(metadata={"description": "first day (UTC); without it, the period has 30 days"})
    until = fields.Date(metadata={"description": "last day (UTC), included; today without it"})
    channel = Line(most=64, metadata={"description": "only this channel; `none` where it is not known"})
    language = Line(most=16, metadata={"description": "only this language (ISO 639); `none` where it is not known"})


class Percentiles(ma.Schema):
    """The median and the 90th percentile, in ms, by nearest rank."""

    p50 = fields.Integer(required=True)
    p90 = fields.Integer(required=True)


def _times(text: str) -> Any:
    return fields.Nested(Percentiles, required=True, allow_none=True, metadata={"description": text})


class Figures(ma.Schema):
    """Counts of conversations, and what follows from them; None where it would be a share of nothing."""

    conversations = fields.Integer(required=True)
    resolved_by_bot = fields.Integer(required=True)
    partly_answered = fields.Integer(required=True)
    resolved_by_human = fields.Integer(required=True)
    open = fields.Integer(required=True)
    unresolved = fields.Integer(required=True)
    handed_off = fields.Integer(required=True)
    reopened = fields.Integer(required=True)
    good = fields.Integer(required=True, metadata={"description": "conversations whose last rating is good"})
    bad = fields.Integer(required=True)
    cost_usd = fields.Float(required=True)
    resolution_rate = fields.Float(
        required=True, allow_none=True, metadata={"description": "share resolved by the bot"}
    )
    satisfaction = fields.Float(required=True, allow_none=True, metadata={"description": "share of good ratings"})
    cost_per_resolution_usd = fields.Float(
        required=True, allow_none=True, metadata={"description": "cost of all, for each that the bot resolved"}
    )
    first_response_ms = _times("from the customer's first message to the first reply")
    resolution_ms = _times("from the customer's first message to the last reply, of those that are resolved")


class ReportDay(Figures):
    """The conversations that began on a day."""

    day = fields.String(required=True)


class HandoffCount(ma.Schema):
    """How many conversations were first handed off for a reason."""

    reason = fields.String(required=True)
    count = fields.Integer(required=True)
    before = fields.Integer(required=True)


class ReportLine(Figures):
    """The conversations of a channel or language."""

    name = fields.String(required=True, allow_none=True)
    before = fields.Integer(required=True, metadata={"description": "conversations in the period before"})


class Days(ma.Schema):
    """The first and the last day of a period."""

    since = fields.String(required=True)
    until = fields.String(required=True)


class Report(ma.Schema):
    """The figures of a period beside those of the period before."""

    period = fields.Nested(Days, required=True)
    period_before = fields.Nested(Days, required=True)
    totals = fields.Nested(Figures, required=True)
    totals_before = fields.Nested(Figures, required=True)
    days = fields.List(fields.Nested(ReportDay), required=True)
    handoffs = fields.List(fields.Nested(HandoffCount), required=True)
    channels = fields.List(fields.Nested(ReportLine), required=True)
    languages = fields.List(fields.Nested(ReportLine), required=True)


class ReportTopic(ma.Schema):
    """Conversations whose first messages ask the same."""

    name = fields.String(required=True, metadata={"description": "the most typical question"})
    conversations = fields.Integer(required=True, validate=validate.Range(min=2))
    resolved_by_bot = fields.Integer(required=True)
    handed_off = fields.Integer(required=True)
    without_answer = fields.Integer(
        required=True, metadata={"description": "of those handed off, the ones that found no answer"}
    )
    conversation_id = fields.String(required=True)


class ReportTopics(ma.Schema):
    """The topics of a period, largest first."""

    conversations = fields.Integer(required=True, metadata={"description": "how many were looked at"})
    items = fields.List(fields.Nested(ReportTopic), required=True)
