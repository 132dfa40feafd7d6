"""The knowledge base: documents, search, published versions and unanswered questions."""

import json
from typing import Any

import flask
from werkzeug.wrappers import Response

from kb.documents import READABLE
from kb.errors import KnowledgeError
from web.console.site import REFUSALS, Page, blueprint, given, part_only, refused, to
from web.http.api import checked, scope, services
from web.http.auth import needs
from web.http.uploads import metadata_of_form, uploaded_document, uploaded_file
from web.schemas import knowledge as schemas
from worker.access.permissions import Permission
from worker.errors import AnswerbackError
from worker.knowledge import imports, library

_PAGE = 50
_MAX_IMPORTS = 5
_MAX_RESULTS = 10
_STATES = {"": "All", "waiting": "Pending", "failed": "Failed"}
_FORM_TOKEN = ("csrf",)


@blueprint.get("/knowledge")
@needs(Permission.READ)
def documents() -> Page:
    """Show documents, newest first, and recent imports; only the list when htmx refreshes it."""
    return _documents()


@blueprint.post("/knowledge/files")
@needs(Permission.EDIT_KNOWLEDGE)
def upload() -> Any:
    """Upload a file or a zip archive; respond with JSON to scripts, with a redirect to a form."""
    workspace_id, deps = flask.g.principal.workspace_id, services()
    sent = flask.request.files.get("file")
    if sent is not None and (sent.filename or "").lower().endswith(".zip"):
        name, data = uploaded_file()
        archive = imports.NewImport(
            kind="archive", name=name, source=data, metadata=metadata_of_form(ignore=_FORM_TOKEN)
        )
        created = deps.importer.add(workspace_id, archive)
    else:
        created = deps.library.add(workspace_id, uploaded_document(ignore=_FORM_TOKEN))
    flask.g.made = created["id"]
    deps.hints.index(workspace_id)
    if flask.request.accept_mimetypes.best == "application/json":
        return flask.jsonify(id=created["id"]), 202
    return to("documents")


@blueprint.post("/knowledge/texts")
@needs(Permission.EDIT_KNOWLEDGE)
def write() -> Page | Response:
    """Add a document that was written in the console."""
    try:
        fields = {name: value for name in ("title", "text") if (value := given(name, most=2_000_000))}
        new = checked(schemas.NewDocument(), fields)
        data = new["text"].encode("utf-8", "surrogatepass")
        document = library.NewDocument(title=new["title"], data=data, media_type="text/markdown")
        flask.g.made = services().library.add(flask.g.principal.workspace_id, document)["id"]
    except REFUSALS as error:
        return refused(error, _documents)
    services().hints.index(flask.g.principal.workspace_id)
    return to("documents")


@blueprint.post("/knowledge/pages")
@needs(Permission.EDIT_KNOWLEDGE)
def fetch() -> Page | Response:
    """Import the pages of a list of URLs or of a sitemap."""
    deps, workspace_id = services(), flask.g.principal.workspace_id
    try:
        lines = [line.strip() for line in given("urls", most=200_000).splitlines() if line.strip()]
        sitemap = len(lines) == 1 and lines[0].lower().endswith(".xml")
        fields = {"sitemap": lines[0]} if sitemap else {"urls": list(dict.fromkeys(lines))}
        wanted = checked(schemas.NewImport(), fields)
        if sitemap:
            deps.import_guard.check_url(wanted["sitemap"], field="sitemap")
        kind, name = ("sitemap", wanted["sitemap"]) if sitemap else ("urls", f"{len(wanted['urls'])} URLs")
        new = imports.NewImport(kind=kind, name=name, source=json.dumps(wanted).encode())
        flask.g.made = deps.importer.add(workspace_id, new)["id"]
    except REFUSALS as error:
        return refused(error, _documents)
    deps.hints.index(workspace_id)
    return to("documents")


@blueprint.post("/knowledge/<string:document_id>/remove")
@needs(Permission.EDIT_KNOWLEDGE)
def remove_document(document_id: str) -> Response:
    """Delete a document; it is no longer cited once the next snapshot is published."""
    services().library.remove(flask.g.principal.workspace_id, document_id)
    services().hints.index(flask.g.principal.workspace_id)
    return to("documents")


@blueprint.get("/search")
@needs(Permission.READ)
def search() -> Page:
    """Search as the bot does, and show the scores of both indexes."""
    query, found, problem = flask.request.args.get("q", "").strip()[:2_000], None, None
    if query:
        try:
            found = services().search_client.search(flask.g.principal.workspace_id, query, limit=_MAX_RESULTS)
        except (AnswerbackError, KnowledgeError) as error:
            problem = str(error)
    page = flask.render_template("console/search.html", query=query, found=found, problem=problem)
    return (page, 503) if problem else page


@blueprint.get("/snapshots")
@needs(Permission.READ)
def snapshots() -> Page:
    """Show the retained versions, and with `before` and `after` the differences between two of them."""
    versions = services().library.snapshots(flask.g.principal.workspace_id)
    before, after = (flask.request.args.get(name, "") for name in ("before", "after"))
    changes = problem = None
    if {before, after} <= {version["version"] for version in versions}:
        try:
            changes = services().search_client.changes(flask.g.principal.workspace_id, before=before, after=after)
        except (AnswerbackError, KnowledgeError) as error:
            problem = str(error)
    return flask.render_template(
        "console/snapshots.html",
        versions=versions,
        rolled_back_to=_rolled_back_to(versions),
        changes=changes,
        before=before,
        after=after,
        problem=problem,
    )


@blueprint.post("/snapshots/<string:version>/activate")
@needs(Permission.PUBLISH_KNOWLEDGE)
def activate(version: str) -> Response:
    """Activate a version, for example to roll back."""
    services().library.activate(flask.g.principal.workspace_id, version)
    return to("snapshots")


@blueprint.get("/questions")
@needs(Permission.READ)
def questions() -> Page:
    """Show groups of similar questions of the last 30 days that could not be answered."""
    groups, problem = [], None
    try:
        groups = services().search_client.unanswered_questions(flask.g.principal.workspace_id, days=30)
    except (AnswerbackError, KnowledgeError) as error:
        problem = str(error)
    return flask.render_template("console/questions.html", groups=groups, problem=problem)


def _documents(**more: Any) -> str:
    workspace, state = scope(), flask.request.args.get("state", "")
    state = state if state in _STATES else ""
    wanted = {"waiting": ("queued", "indexing"), "failed": "failed"}.get(state)
    which = {} if wanted is None else {"state": wanted}
    rows, cursor = library.page(workspace, which, after=flask.request.args.get("cursor"), limit=_PAGE)
    return flask.render_template(
        "console/_documents.html" if part_only() else "console/knowledge.html",
        rows=rows,
        imports=imports.recent(workspace, limit=_MAX_IMPORTS),
        cursor=cursor,
        state=state,
        states=_STATES,
        readable=READABLE,
        first_page="cursor" not in flask.request.args,
        rolled_back_to=_rolled_back_to(services().library.snapshots(workspace.workspace_id)),
        **more,
    )


def _rolled_back_to(versions: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the active version if it is not the newest, else None."""
    active = next((version for version in versions if version["active"]), None)
    return active if active is not None and active is not versions[0] else None
