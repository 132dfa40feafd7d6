"""Tickets: a conversation and its first message in one call."""

from typing import Any

import flask
from flask import Response

from web.http.accepting import accepted, submission
from web.http.api import Blueprint, services
from web.http.auth import needs
from web.http.operations import operation
from web.schemas import conversations as schemas
from worker.access.permissions import Permission
from worker.conversations.intake import Opening

blueprint = Blueprint("tickets", __name__, description="Tickets")


@blueprint.post("/tickets")
@operation("tickets.create", "idempotency_mismatch", "address_refused", "not_found", idempotent=True)
@needs(Permission.CONVERSE)
@blueprint.arguments(schemas.NewTicket)
@blueprint.response(202, schemas.Message)
def submit(new: dict[str, Any]) -> Response:
    """Accept a ticket; the answer follows by poll, stream or callback."""
    message = services().actions.submit(
        flask.g.principal.workspace_id,
        Opening(
            subject=new.get("subject") or None,
            requester=new.get("requester"),
            external_id=new.get("external_id"),
            channel=new.get("channel"),
            metadata=new.get("metadata"),
        ),
        submission(new["body"], new),
    )
    return accepted(message)
