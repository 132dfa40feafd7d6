"""Sources: where documents come from and are looked at again."""

from typing import Any

import flask

from web.http.api import AcceptedResponse, Blueprint, poll_headers, services
from web.http.auth import needs
from web.http.operations import operation
from web.schemas import sources as schemas
from web.schemas.fields import page_of
from worker.access.permissions import Permission

blueprint = Blueprint("sources", __name__, description="Sources that are looked at again")


def _workspace() -> str:
    return str(flask.g.principal.workspace_id)


def _accepted(source: dict[str, Any]) -> AcceptedResponse:
    """Hint at a source that is due, and return it."""
    services().hints.index(_workspace())
    return source, 202, poll_headers(source["links"]["self"])


@blueprint.post("/sources")
@operation("sources.create", "conflict", "address_refused")
@needs(Permission.EDIT_KNOWLEDGE)
@blueprint.arguments(schemas.NewSource)
@blueprint.response(202, schemas.Source)
def make(new: dict[str, Any]) -> AcceptedResponse:
    """Make a source; a worker looks at it at once, and again at its interval."""
    return _accepted(services().sources.make(_workspace(), new))


@blueprint.get("/sources")
@operation("sources.list")
@needs(Permission.READ)
@blueprint.arguments(schemas.SourceQuery, location="query")
@blueprint.response(200, page_of(schemas.Source))
def list_sources(query: dict[str, Any]) -> dict[str, Any]:
    """List sources, newest first, each with its last look."""
    found, cursor = services().sources.page(_workspace(), query, after=query.get("cursor"), limit=query["limit"])
    return {"items": found, "next_cursor": cursor}


@blueprint.get("/sources/<string:source_id>")
@operation("sources.retrieve")
@needs(Permission.READ)
@blueprint.response(200, schemas.Source)
def show(source_id: str) -> dict[str, Any]:
    """Return a source, with its last look."""
    return services().sources.show(_workspace(), source_id)


@blueprint.patch("/sources/<string:source_id>")
@operation("sources.update", "conflict")
@needs(Permission.EDIT_KNOWLEDGE)
@blueprint.arguments(schemas.SourceChange)
@blueprint.response(202, schemas.Source)
def change(new: dict[str, Any], source_id: str) -> AcceptedResponse:
    """Change a source; what changes for its documents is applied by a look that begins at once."""
    return _accepted(services().sources.change(_workspace(), source_id, new))


@blueprint.post("/sources/<string:source_id>/look")
@operation("sources.look", "conflict")
@needs(Permission.EDIT_KNOWLEDGE)
@blueprint.arguments(schemas.NewLook, required=False)
@blueprint.response(202, schemas.Source)
def look(new: dict[str, Any], source_id: str) -> AcceptedResponse:
    """Look at a source now."""
    return _accepted(services().sources.look(_workspace(), source_id, accepts_loss=new["accept_loss"]))


@blueprint.post("/sources/<string:source_id>/pause")
@operation("sources.pause")
@needs(Permission.EDIT_KNOWLEDGE)
@blueprint.response(200, schemas.Source)
def pause(source_id: str) -> dict[str, Any]:
    """Stop looking at a source; its documents stay."""
    paused = services().sources.pause(_workspace(), source_id)
    services().hints.index(_workspace())
    return paused


@blueprint.post("/sources/<string:source_id>/resume")
@operation("sources.resume")
@needs(Permission.EDIT_KNOWLEDGE)
@blueprint.response(202, schemas.Source)
def resume(source_id: str) -> AcceptedResponse:
    """Look at a paused source again, from now on."""
    return _accepted(services().sources.resume(_workspace(), source_id))


@blueprint.delete("/sources/<string:source_id>")
@operation("sources.delete")
@needs(Permission.EDIT_KNOWLEDGE)
@blueprint.arguments(schemas.SourceRemoval, location="query")
@blueprint.response(204)
def remove(query: dict[str, Any], source_id: str) -> None:
    """Delete a source, and with `documents=delete` also its documents."""
    services().sources.remove(_workspace(), source_id, with_documents=query["documents"] == "delete")
    services().hints.index(_workspace())


@blueprint.get("/sources/<string:source_id>/runs")
@operation("sources.list_runs")
@needs(Permission.READ)
@blueprint.arguments(schemas.RunQuery, location="query")
@blueprint.response(200, page_of(schemas.SourceRun))
def list_runs(query: dict[str, Any], source_id: str) -> dict[str, Any]:
    """List the last 50 looks at a source, newest first, with what was added, changed and gone."""
    found, cursor = services().sources.runs(
        _workspace(), source_id, query, after=query.get("cursor"), limit=query["limit"]
    )
    return {"items": found, "next_cursor": cursor}
