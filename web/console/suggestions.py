"""Suggestions of articles: an editor reads, changes, publishes or refuses them."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from web.console.site import REFUSALS, Page, blueprint, given, refused, to
from web.http.api import checked, services
from web.http.auth import needs
from web.schemas import suggestions as schemas
from worker.access.permissions import Permission
from worker.states import SuggestionState

_MAX_SHOWN = 100
_STATES = {SuggestionState.OPEN: "Open", SuggestionState.ACCEPTED: "Published", SuggestionState.REFUSED: "Refused"}


@blueprint.get("/suggestions")
@needs(Permission.READ)
def suggestions() -> Page:
    """Show suggestions of one state, most asked first."""
    asked = flask.request.args.get("state", "")
    state = SuggestionState(asked) if asked in set(SuggestionState) else SuggestionState.OPEN
    rows = services().suggestions.most_asked(flask.g.principal.workspace_id, state=state, limit=_MAX_SHOWN)
    return flask.render_template("console/suggestions.html", rows=rows, state=state, states=_STATES)


@blueprint.get("/suggestions/<string:suggestion_id>")
@needs(Permission.READ)
def suggestion(suggestion_id: str) -> Page:
    """Show a suggestion with the exchanges that it comes from."""
    return _suggestion(suggestion_id)


@blueprint.post("/suggestions/<string:suggestion_id>/save")
@needs(Permission.EDIT_KNOWLEDGE)
def save_suggestion(suggestion_id: str) -> Page | Response:
    """Keep a changed draft without publishing it."""
    try:
        services().suggestions.edit(flask.g.principal.workspace_id, suggestion_id, **_typed())
    except REFUSALS as error:
        return refused(error, _suggestion, suggestion_id)
    return to("suggestion", suggestion_id=suggestion_id, saved=1)


@blueprint.post("/suggestions/<string:suggestion_id>/publish")
@needs(Permission.EDIT_KNOWLEDGE)
def publish_suggestion(suggestion_id: str) -> Page | Response:
    """Publish the draft as it stands in the form."""
    workspace_id = flask.g.principal.workspace_id
    try:
        services().suggestions.accept(workspace_id, suggestion_id, **_typed())
    except REFUSALS as error:
        return refused(error, _suggestion, suggestion_id)
    services().hints.index(workspace_id)
    return to("suggestion", suggestion_id=suggestion_id)


@blueprint.post("/suggestions/<string:suggestion_id>/refuse")
@needs(Permission.EDIT_KNOWLEDGE)
def refuse_suggestion(suggestion_id: str) -> Page | Response:
    """Refuse a suggestion."""
    try:
        services().suggestions.refuse(flask.g.principal.workspace_id, suggestion_id)
    except REFUSALS as error:
        return refused(error, _suggestion, suggestion_id)
    return to("suggestions")


def _typed() -> dict[str, Any]:
    """Return the title and the text of the form; abort with 422 when one is missing or too long."""
    fields = {"title": given("title", most=500), "text": given("text", most=2_000_000)}
    return checked(schemas.SuggestionEdit(), fields)


def _suggestion(suggestion_id: str, **more: Any) -> str:
    row = services().suggestions.get(flask.g.principal.workspace_id, suggestion_id)
    return flask.render_template(
        "console/suggestion.html", row=row, states=_STATES, saved="saved" in flask.request.args, **more
    )
