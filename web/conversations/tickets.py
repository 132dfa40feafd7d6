"""Tickets: a conversation and its first message in one call."""

from typing import Any

import flask
import marshmallow as ma
from flask import Response
from werkzeug.exceptions import HTTPException

from web.http.accepting import accepted, idempotency_key, submission
from web.http.api import Blueprint, checked, services
from web.http.auth import needs
from web.http.ndjson import NDJSON, ndjson_lines, parsed_line
from web.http.operations import operation
from web.http.problems import problem_of
from web.schemas import conversations as schemas
from worker.access.permissions import Permission
from worker.conversations.intake import Opening
from worker.errors import AnswerbackError

blueprint = Blueprint("tickets", __name__, description="Tickets")

_BULK_TICKET = schemas.BulkTicket(unknown=ma.RAISE)


@blueprint.post("/tickets")
@operation("tickets.create", "idempotency_mismatch", "address_refused", "not_found", idempotent=True)
@needs(Permission.CONVERSE)
@blueprint.arguments(schemas.NewTicket)
@blueprint.response(202, schemas.Message)
def submit(new: dict[str, Any]) -> Response:
    """Accept a ticket; the answer follows by poll, stream or callback."""
    return accepted(_accept(new))


@blueprint.post("/tickets/bulk")
@operation("tickets.create_many", "not_found", idempotent=True)
@needs(Permission.CONVERSE)
@blueprint.response(200, schemas.BulkResults)
@blueprint.doc(requestBody={"required": True, "content": {NDJSON: {"schema": schemas.BulkTicket}}})
def submit_many() -> dict[str, Any]:
    """Accept up to 1,000 tickets, one JSON object in each line; each is accepted or refused by itself."""
    key = idempotency_key()
    items: list[dict[str, Any]] = []
    for number, line in ndjson_lines(flask.request):
        if items and items[-1]["status"] == 503:  # without the database, the lines that follow are not tried
            items.append({**items[-1], "line": number})
        else:
            items.append({"line": number, **_result(number, line, key)})
    refused = sum(item["error"] is not None for item in items)
    return {"accepted": len(items) - refused, "refused": refused, "items": items}


def _result(number: int, line: bytes, key: str | None) -> dict[str, Any]:
    try:
        new = checked(_BULK_TICKET, parsed_line(line))
        own_key = new.pop("idempotency_key", None) or (None if key is None else f"{key}/{number}")
        return {"status": 202, "message": _accept(new, key=own_key), "error": None}
    except (AnswerbackError, HTTPException) as error:
        problem = problem_of(error)
        return {"status": problem.status_code, "message": None, "error": problem.get_json()}


def _accept(new: dict[str, Any], *, key: str | None = None) -> dict[str, Any]:
    opening = Opening(
        subject=new.get("subject") or None,
        requester=new.get("requester"),
        external_id=new.get("external_id"),
        channel=new.get("channel"),
        metadata=new.get("metadata"),
    )
    workspace_id = flask.g.principal.workspace_id
    return services().actions.submit(workspace_id, opening, submission(new["body"], new, key=key))
