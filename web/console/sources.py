"""Sources of the knowledge base: how they are doing, and what operators do with them."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from web.console.site import REFUSALS, Page, blueprint, given, part_only, refused, to
from web.http.api import checked, services
from web.http.auth import needs
from web.schemas import sources as schemas
from worker.access.permissions import Permission
from worker.states import SourceKind

_MAX_SOURCES = 100
_MAX_RUNS = 20

#: Labels of the kinds, and what is said of their location.
_KINDS = {
    SourceKind.SITEMAP: "Sitemap (URL of the .xml)",
    SourceKind.FEED: "Feed (URL of the RSS or Atom feed)",
    SourceKind.PAGE: "Page (URL)",
    SourceKind.GIT: "Git repository of Markdown (URL)",
    SourceKind.FOLDER: "Folder (path on the workers' machine)",
    SourceKind.ZENDESK: "Zendesk Guide (URL of the account)",
    SourceKind.INTERCOM: "Intercom Articles (URL of the API)",
    SourceKind.CONFLUENCE: "Confluence (URL of a space)",
    SourceKind.NOTION: "Notion (https://api.notion.com)",
    SourceKind.FRESHDESK: "Freshdesk Solutions (URL of the account)",
    SourceKind.CHATWOOT: "Chatwoot help centre (URL of the portal)",
    SourceKind.S3: "S3 bucket (URL of the server, with the bucket)",
}
_INTERVALS = {3_600: "every hour", 86_400: "every day", 604_800: "every week"}


@blueprint.get("/knowledge/sources")
@needs(Permission.READ)
def sources() -> Page:
    """Show sources with their last looks; only the list when htmx refreshes it."""
    return _sources()


@blueprint.post("/knowledge/sources")
@needs(Permission.EDIT_KNOWLEDGE)
def make_source() -> Page | Response:
    """Make a source."""
    try:
        names = ("kind", "location", "name", "email", "access_key", "token", "language", "audience")
        fields: dict[str, Any] = {name: value for name in names if (value := given(name, most=2_000))}
        if every := given("interval_s"):
            fields["interval_s"] = int(every) if every.isdecimal() else every
        if tags := [tag.strip() for tag in given("tags", most=5_000).split(",") if tag.strip()]:
            fields["tags"] = tags
        new = checked(schemas.NewSource(), fields)
        flask.g.made = services().sources.make(flask.g.principal.workspace_id, new)["id"]
    except REFUSALS as error:
        return refused(error, _sources)
    services().hints.index(flask.g.principal.workspace_id)
    return to("sources")


@blueprint.get("/knowledge/sources/<string:source_id>")
@needs(Permission.READ)
def source_runs(source_id: str) -> Page:
    """Show a source and its looks, with their failures."""
    workspace_id = flask.g.principal.workspace_id
    runs, _cursor = services().sources.runs(workspace_id, source_id, limit=_MAX_RUNS)
    source = services().sources.show(workspace_id, source_id)
    return flask.render_template("console/source_runs.html", source=source, runs=runs)


@blueprint.post(
    "/knowledge/sources/<string:source_id>/<any(look, accept, pause, resume, remove, remove_documents):action>"
)
@needs(Permission.EDIT_KNOWLEDGE)
def change_source(source_id: str, action: str) -> Page | Response:
    """Look at a source now, pause or resume it, or delete it with or without its documents."""
    managed, workspace_id = services().sources, flask.g.principal.workspace_id
    try:
        match action:
            case "pause":
                managed.pause(workspace_id, source_id)
            case "resume":
                managed.resume(workspace_id, source_id)
            case "remove" | "remove_documents":
                managed.remove(workspace_id, source_id, with_documents=action == "remove_documents")
            case _:
                managed.look(workspace_id, source_id, accepts_loss=action == "accept")
    except REFUSALS as error:
        return refused(error, _sources)
    services().hints.index(workspace_id)
    return to("sources")


def _sources(**more: Any) -> str:
    found, _cursor = services().sources.page(flask.g.principal.workspace_id, limit=_MAX_SOURCES)
    return flask.render_template(
        "console/_sources.html" if part_only() else "console/sources.html",
        rows=found,
        kinds=_KINDS,
        intervals=_INTERVALS,
        **more,
    )
