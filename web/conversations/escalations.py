"""Escalations: the tasks that handoffs create for agents."""

from typing import Any

import flask

from web.http.api import Blueprint, scope, services
from web.http.auth import needs
from web.http.operations import operation
from web.schemas import escalations as schemas
from web.schemas.fields import page_of
from worker.access.permissions import Permission
from worker.conversations import escalations
from worker.states import EscalationState

blueprint = Blueprint("escalations", __name__, description="Tasks that handoffs create for agents")


@blueprint.get("/escalations")
@operation("escalations.list")
@needs(Permission.READ)
@blueprint.arguments(schemas.EscalationQuery, location="query")
@blueprint.response(200, page_of(schemas.Escalation))
def list_escalations(query: dict[str, Any]) -> dict[str, Any]:
    """List escalations, newest first."""
    found, cursor = escalations.page(scope(), query, after=query.get("cursor"), limit=query["limit"])
    return {"items": found, "next_cursor": cursor}


@blueprint.get("/escalations/<string:escalation_id>")
@operation("escalations.retrieve")
@needs(Permission.READ)
@blueprint.response(200, schemas.Escalation)
def show(escalation_id: str) -> dict[str, Any]:
    """Return an escalation."""
    return escalations.get(scope(), escalation_id)


@blueprint.post("/escalations/<string:escalation_id>/assign")
@operation("escalations.assign", "conflict")
@needs(Permission.CONVERSE)
@blueprint.arguments(schemas.Assignment)
@blueprint.response(200, schemas.Escalation)
def assign(new: dict[str, Any], escalation_id: str) -> dict[str, Any]:
    """Assign an escalation to an agent; an unassigned one goes to the agent who replies first."""
    return escalations.assign(services().store, flask.g.principal.workspace_id, escalation_id, new["assignee"])


@blueprint.post("/escalations/<string:escalation_id>/close")
@operation("escalations.close", "conflict")
@needs(Permission.CONVERSE)
@blueprint.arguments(schemas.Closing, required=False)
@blueprint.response(200, schemas.Escalation)
def close(new: dict[str, Any], escalation_id: str) -> dict[str, Any]:
    """Close an escalation and its conversation; `then: resume` returns the conversation to the bot instead."""
    workspace, actions = scope(), services().actions
    escalation = escalations.get(workspace, escalation_id)
    end = actions.resume if new.get("then") == "resume" else actions.close
    if escalation["state"] != EscalationState.CLOSED:
        end(workspace.workspace_id, escalation["conversation_id"], note=new.get("note"))
    return escalations.get(workspace, escalation_id)
