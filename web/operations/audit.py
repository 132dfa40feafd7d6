"""The audit log."""

from typing import Any

import flask
import marshmallow as ma
from marshmallow import fields, validate

from web.http.api import Blueprint, services
from web.http.auth import admin
from web.http.operations import operation
from web.schemas.fields import Line, SortedQuery, moment, page_of

blueprint = Blueprint("audit", __name__, description="Audit log")


class ChangedValue(ma.Schema):
    """A value of a setting before and after a change; null is the default, and a secret is only named as one."""

    name = fields.String(required=True)
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class Action(ma.Schema):
    """An action of an operator."""

    id = fields.String(required=True)
    actor = fields.String(
        required=True, metadata={"description": "name of the person, of the API key, or of the command line's user"}
    )
    key_id = fields.String(required=True, allow_none=True)
    account_id = fields.String(required=True, allow_none=True)
    via = fields.String(
        required=True, metadata={"description": "api, console, cli or, for what no one asked for, worker"}
    )
    action = fields.String(required=True, metadata={"description": "such as endpoints.rotate"})
    subject = fields.String(
        required=True, allow_none=True, metadata={"description": "id of the object that the action changed"}
    )
    request_id = fields.String(required=True, allow_none=True)
    changes = fields.List(
        fields.Nested(ChangedValue),
        required=True,
        allow_none=True,
        metadata={"description": "the values that a change of settings changed; null for other actions"},
    )
    created_at = moment(required=True)


class ActionQuery(SortedQuery):
    """Filters of the audit log."""

    via = fields.String(validate=validate.OneOf(["api", "console", "cli", "worker"]))
    action = Line(most=64)
    subject = Line(most=200)
    key_id = Line(most=48)
    account_id = Line(most=48)


@blueprint.get("/audit")
@operation("audit.list")
@admin
@blueprint.arguments(ActionQuery, location="query")
@blueprint.response(200, page_of(Action))
def list_actions(query: dict[str, Any]) -> dict[str, Any]:
    """List the actions of operators, newest first."""
    found, cursor = services().audit_log.page(
        flask.g.principal.workspace_id, query, after=query.get("cursor"), limit=query["limit"]
    )
    return {"items": found, "next_cursor": cursor}
