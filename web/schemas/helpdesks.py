"""Schemas of connected helpdesks."""

import marshmallow as ma
from marshmallow import fields, validate

from web.schemas.fields import LANGUAGE, BoundedQuery, Line, WebUrl, links, moment
from worker.helpdesks.options import MODES, OPTIONS, STATUSES
from worker.states import ConnectionState


class TicketChange(ma.Schema):
    """Changes to a ticket of the helpdesk."""

    status = fields.String(validate=validate.OneOf(STATUSES))
    tags = fields.List(Line(most=100), validate=validate.Length(max=20))


class TicketHandoff(TicketChange):
    """Changes to a ticket that is handed off."""

    assignee = Line(most=64, metadata={"description": "id of an agent"})
    group = Line(most=100, metadata={"description": "id of a group or team; in Zammad its name"})


class _Given(ma.Schema):
    options = fields.Dict(
        keys=fields.String(),
        metadata={"description": "options of this kind of helpdesk, see docs/helpdesks.md"},
    )
    languages = fields.List(
        fields.String(validate=validate.Regexp(LANGUAGE)),
        allow_none=True,
        validate=validate.Length(max=50),
        metadata={"description": "languages in which the bot answers; all if omitted"},
    )
    hours = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        allow_none=True,
        metadata={"description": "hours in which the bot answers: {timezone, mon: 09:00-17:00, …}; always if omitted"},
    )
    handoff = fields.Nested(
        TicketHandoff, allow_none=True, metadata={"description": "changes to a ticket that is handed off"}
    )
    answered = fields.Nested(
        TicketChange, allow_none=True, metadata={"description": "changes to a ticket that is answered"}
    )
    resume_tag = Line(most=100, allow_none=True, metadata={"description": "tag that returns a ticket to the bot"})


class NewHelpdesk(_Given):
    """A helpdesk to connect."""

    name = Line(most=100, required=True)
    kind = fields.String(required=True, validate=validate.OneOf(list(OPTIONS)))
    url = WebUrl(required=True, mail=True)
    token = Line(most=2_000, metadata={"description": "API token; every kind except email needs one"})
    webhook_secret = Line(most=500, metadata={"description": "secret that signs its webhooks; generated if omitted"})
    mode = fields.String(
        validate=validate.OneOf(MODES),
        load_default="draft",
        metadata={
            "description": "reply: answer customers; draft: write internal notes for agents; shadow: write nothing"
        },
    )


class HelpdeskQuery(BoundedQuery):
    """Filters of the list of helpdesks, which has one page."""

    state = fields.String(validate=validate.OneOf(tuple(ConnectionState)))
    kind = fields.String(validate=validate.OneOf(list(OPTIONS)))


class HelpdeskChange(_Given):
    """Changes to a connected helpdesk."""

    url = WebUrl(mail=True)
    token = Line(most=2_000)
    webhook_secret = Line(most=500)
    mode = fields.String(validate=validate.OneOf(MODES))
    state = fields.String(validate=validate.OneOf(["enabled", "disabled"]))


class Helpdesk(ma.Schema):
    """A connected helpdesk."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)
    url = fields.String(required=True)
    options = fields.Dict(required=True)
    mode = fields.String(required=True)
    languages = fields.List(fields.String(), required=True, allow_none=True)
    hours = fields.Dict(required=True, allow_none=True)
    handoff = fields.Dict(required=True, allow_none=True)
    answered = fields.Dict(required=True, allow_none=True)
    resume_tag = fields.String(required=True, allow_none=True)
    webhook_secret = fields.String(metadata={"description": "returned only when the helpdesk is connected"})
    state = fields.String(required=True)
    heard_at = moment(required=True, allow_none=True)
    refused_at = moment(required=True, allow_none=True)
    created_at = moment(required=True)
    updated_at = moment(required=True)
    links = links()


class Challenge(ma.Schema):
    """The response to Slack's URL verification."""

    challenge = fields.String(required=True)
