"""What people have to see to."""

from typing import Any

import flask

from web.http.api import Blueprint, scope, services
from web.schemas import escalations as schemas
from web.schemas.fields import page_of
from worker.conversations import escalations

blueprint = Blueprint("escalations", __name__, description="What people have to see to")


@blueprint.get("/escalations")
@blueprint.arguments(schemas.EscalationQuery, location="query")
@blueprint.response(200, page_of(schemas.Escalation))
def list_escalations(query: dict[str, Any]) -> dict[str, Any]:
    """List escalations, newest first."""
    found, cursor = escalations.page(
        scope(),
        state=query.get("state"),
        assignee=query.get("assignee"),
        after=query.get("cursor"),
        limit=query["limit"],
    )
    return {"items": found, "next_cursor": cursor}


@blueprint.get("/escalations/<string:escalation_id>")
@blueprint.response(200, schemas.Escalation)
def show(escalation_id: str) -> dict[str, Any]:
    """Return an escalation."""
    return escalations.get(scope(), escalation_id)


@blueprint.post("/escalations/<string:escalation_id>/assign")
@blueprint.arguments(schemas.Assignment)
@blueprint.response(200, schemas.Escalation)
def assign(new: dict[str, Any], escalation_id: str) -> dict[str, Any]:
    """Give an escalation to somebody; whoever replies to the customer first has it anyway."""
    return escalations.assign(services().store, flask.g.principal.workspace_id, escalation_id, new["assignee"])


@blueprint.post("/escalations/<string:escalation_id>/close")
@blueprint.arguments(schemas.Closing, required=False)
@blueprint.response(200, schemas.Escalation)
def close(new: dict[str, Any], escalation_id: str) -> dict[str, Any]:
    """Say that it is done: the conversation is closed, or with `then: resume` the bot's again."""
    built, mine = services(), scope()
    found = escalations.get(mine, escalation_id)
    actions = built.actions
    end = actions.resume if new.get("then") == "resume" else actions.close
    if found["state"] != "closed":
        end(mine.workspace_id, found["conversation_id"], note=new.get("note"))
        built.wakeups.send(found["conversation_id"])
        built.hints.deliver(found["conversation_id"])
    return escalations.get(mine, escalation_id)
