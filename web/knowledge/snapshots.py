"""Published versions of the knowledge base."""

from typing import Any

import flask
import marshmallow as ma

from web.http.api import Blueprint, services
from web.http.auth import admin
from web.schemas import knowledge as schemas

blueprint = Blueprint("snapshots", __name__, description="Published versions of the knowledge base")


class _Snapshots(ma.Schema):
    items = ma.fields.List(ma.fields.Nested(schemas.Snapshot), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


@blueprint.get("/snapshots")
@blueprint.response(200, _Snapshots)
def list_snapshots() -> dict[str, Any]:
    """List the retained snapshots, newest first, on one page."""
    return {"items": services().library.snapshots(flask.g.principal.workspace_id), "next_cursor": None}


@blueprint.post("/snapshots/<string:version>/activate")
@blueprint.response(200, schemas.Snapshot)
@admin
def activate(version: str) -> dict[str, Any]:
    """Activate a snapshot, for example to roll back."""
    library = services().library
    workspace_id = flask.g.principal.workspace_id
    library.activate(workspace_id, version)
    return next(snapshot for snapshot in library.snapshots(workspace_id) if snapshot["version"] == version)
