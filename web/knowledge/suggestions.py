"""Suggestions: drafts of articles from what humans replied where the bot had no answer."""

from typing import Any

import flask

from web.http.api import Blueprint, services
from web.http.auth import needs
from web.http.operations import operation
from web.http.uploads import metadata_of
from web.schemas import suggestions as schemas
from web.schemas.fields import page_of
from worker.access.permissions import Permission

blueprint = Blueprint("suggestions", __name__, description="Drafts of articles from what humans replied")


@blueprint.get("/suggestions")
@operation("suggestions.list")
@needs(Permission.READ)
@blueprint.arguments(schemas.SuggestionQuery, location="query")
@blueprint.response(200, page_of(schemas.Suggestion))
def list_suggestions(query: dict[str, Any]) -> dict[str, Any]:
    """List suggestions, newest first."""
    found, cursor = services().suggestions.page(
        flask.g.principal.workspace_id, query, after=query.get("cursor"), limit=query["limit"]
    )
    return {"items": found, "next_cursor": cursor}


@blueprint.get("/suggestions/<string:suggestion_id>")
@operation("suggestions.retrieve")
@needs(Permission.READ)
@blueprint.response(200, schemas.Suggestion)
def show(suggestion_id: str) -> dict[str, Any]:
    """Return a suggestion with the newest exchanges that it comes from."""
    return services().suggestions.get(flask.g.principal.workspace_id, suggestion_id)


@blueprint.patch("/suggestions/<string:suggestion_id>")
@operation("suggestions.update", "conflict")
@needs(Permission.EDIT_KNOWLEDGE)
@blueprint.arguments(schemas.SuggestionEdit)
@blueprint.response(200, schemas.Suggestion)
def edit(new: dict[str, Any], suggestion_id: str) -> dict[str, Any]:
    """Change the draft; nothing is published."""
    return services().suggestions.edit(flask.g.principal.workspace_id, suggestion_id, **new)


@blueprint.post("/suggestions/<string:suggestion_id>/accept")
@operation("suggestions.accept", "conflict", "document_too_large", "document_unreadable")
@needs(Permission.EDIT_KNOWLEDGE)
@blueprint.arguments(schemas.Acceptance, required=False)
@blueprint.response(200, schemas.Suggestion)
def accept(new: dict[str, Any], suggestion_id: str) -> dict[str, Any]:
    """Publish the draft as a document, which a worker indexes; with a title and a text, these."""
    workspace_id = flask.g.principal.workspace_id
    accepted = services().suggestions.accept(
        workspace_id,
        suggestion_id,
        title=new.get("title"),
        text=new.get("text"),
        url=new.get("url"),
        metadata=metadata_of(new),
    )
    services().hints.index(workspace_id)
    return accepted


@blueprint.post("/suggestions/<string:suggestion_id>/refuse")
@operation("suggestions.refuse", "conflict")
@needs(Permission.EDIT_KNOWLEDGE)
@blueprint.arguments(schemas.Refusal, required=False)
@blueprint.response(200, schemas.Suggestion)
def refuse(new: dict[str, Any], suggestion_id: str) -> dict[str, Any]:
    """Refuse a suggestion; it is not offered again when the same is asked, and may still be accepted."""
    return services().suggestions.refuse(flask.g.principal.workspace_id, suggestion_id, note=new.get("note"))
