"""Published versions of the knowledge base."""

from typing import Any

import flask

from web.http.api import Blueprint, services
from web.http.auth import needs
from web.http.operations import operation
from web.schemas import knowledge as schemas
from web.schemas.fields import NoQuery, page_of
from worker.access.permissions import Permission

blueprint = Blueprint("snapshots", __name__, description="Published versions of the knowledge base")


@blueprint.get("/snapshots")
@operation("snapshots.list", "invalid")
@needs(Permission.READ)
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(200, page_of(schemas.Snapshot))
def list_snapshots(_query: dict[str, Any]) -> dict[str, Any]:
    """List the retained snapshots, newest first, on one page."""
    return {"items": services().library.snapshots(flask.g.principal.workspace_id), "next_cursor": None}


@blueprint.post("/snapshots/<string:version>/activate")
@operation("snapshots.activate", "conflict")
@needs(Permission.PUBLISH_KNOWLEDGE)
@blueprint.response(200, schemas.Snapshot)
def activate(version: str) -> dict[str, Any]:
    """Activate a snapshot, for example to roll back."""
    library = services().library
    workspace_id = flask.g.principal.workspace_id
    library.activate(workspace_id, version)
    return next(snapshot for snapshot in library.snapshots(workspace_id) if snapshot["version"] == version)
