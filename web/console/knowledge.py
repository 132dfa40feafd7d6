"""The knowledge base: its documents, what searches find, its published versions, and what it lacks."""

import json
from typing import Any

import flask
from werkzeug.wrappers import Response

from kb.documents import READABLE
from kb.errors import KnowledgeError
from web.console.site import REFUSALS, Page, blueprint, given, part_only, refused, to
from web.http.api import checked, scope, services
from web.http.auth import admin
from web.http.uploads import marks_of_form, uploaded_document, uploaded_file
from web.schemas import knowledge as schemas
from worker.errors import AnswerbackError
from worker.knowledge import imports, library

_PAGE = 50
_SHOWN_IMPORTS = 5
_FOUND = 10
_STATES = {"": "All", "waiting": "Waiting", "failed": "Failed"}
_OURS = ("csrf",)


@blueprint.get("/knowledge")
def documents() -> Page:
    """Show documents, newest first, and what is being imported; the list alone when it is looked at again."""
    return _documents()


@blueprint.post("/knowledge/files")
def upload() -> Any:
    """Take a file, or an archive of files; scripts are told what it became, a form without any goes back."""
    workspace_id, built = flask.g.principal.workspace_id, services()
    sent = flask.request.files.get("file")
    if sent is not None and (sent.filename or "").lower().endswith(".zip"):
        name, data = uploaded_file()
        archive = imports.NewImport(kind="archive", name=name, source=data, marks=marks_of_form(besides=_OURS))
        made = built.importer.add(workspace_id, archive)
    else:
        made = built.library.add(workspace_id, uploaded_document(besides=_OURS))
    flask.g.made = made["id"]
    built.hints.index(workspace_id)
    if flask.request.accept_mimetypes.best == "application/json":
        return flask.jsonify(id=made["id"]), 202
    return to("documents")


@blueprint.post("/knowledge/texts")
def write() -> Page | Response:
    """Take a text that was written here."""
    try:
        fields = {name: value for name in ("title", "text") if (value := given(name, most=2_000_000))}
        new = checked(schemas.NewDocument(), fields)
        data = new["text"].encode()
        made = library.NewDocument(title=new["title"], data=data, media_type="text/markdown")
        flask.g.made = services().library.add(flask.g.principal.workspace_id, made)["id"]
    except REFUSALS as error:
        return refused(error, _documents)
    services().hints.index(flask.g.principal.workspace_id)
    return to("documents")


@blueprint.post("/knowledge/pages")
def fetch() -> Page | Response:
    """Import the pages of a list of URLs, or those that a sitemap leads to."""
    built, workspace_id = services(), flask.g.principal.workspace_id
    try:
        lines = [line.strip() for line in given("urls", most=200_000).splitlines() if line.strip()]
        sitemap = len(lines) == 1 and lines[0].lower().endswith(".xml")
        asked = {"sitemap": lines[0]} if sitemap else {"urls": list(dict.fromkeys(lines))}
        wanted = checked(schemas.NewImport(), asked)
        if sitemap:
            built.import_guard.check_url(wanted["sitemap"], field="sitemap")
        kind, name = ("sitemap", wanted["sitemap"]) if sitemap else ("urls", f"{len(wanted['urls'])} URLs")
        new = imports.NewImport(kind=kind, name=name, source=json.dumps(wanted).encode())
        flask.g.made = built.importer.add(workspace_id, new)["id"]
    except REFUSALS as error:
        return refused(error, _documents)
    built.hints.index(workspace_id)
    return to("documents")


@blueprint.post("/knowledge/<string:document_id>/remove")
def forget(document_id: str) -> Response:
    """Delete a document; from the next publish on it is never cited."""
    services().library.remove(flask.g.principal.workspace_id, document_id)
    services().hints.index(flask.g.principal.workspace_id)
    return to("documents")


@blueprint.get("/search")
def search() -> Page:
    """Search as the bot does, with what each leg made of it."""
    query, found, problem = flask.request.args.get("q", "").strip()[:2_000], None, None
    if query:
        try:
            found = services().search_client.search(flask.g.principal.workspace_id, query, limit=_FOUND)
        except (AnswerbackError, KnowledgeError) as error:
            problem = str(error)
    page = flask.render_template("console/search.html", query=query, found=found, problem=problem)
    return (page, 503) if problem else page


@blueprint.get("/snapshots")
def snapshots() -> Page:
    """Show the versions that are kept, and with `before` and `after` how two of them differ."""
    kept = services().library.snapshots(flask.g.principal.workspace_id)
    before, after = (flask.request.args.get(name, "") for name in ("before", "after"))
    changes = problem = None
    if {before, after} <= {one["version"] for one in kept}:
        try:
            changes = services().search_client.changes(flask.g.principal.workspace_id, before=before, after=after)
        except (AnswerbackError, KnowledgeError) as error:
            problem = str(error)
    return flask.render_template(
        "console/snapshots.html",
        kept=kept,
        behind=_behind(kept),
        changes=changes,
        before=before,
        after=after,
        problem=problem,
    )


@blueprint.post("/snapshots/<string:version>/activate")
@admin
def activate(version: str) -> Response:
    """Let a version answer from now on, for example to roll back."""
    services().library.activate(flask.g.principal.workspace_id, version)
    return to("snapshots")


@blueprint.get("/questions")
def questions() -> Page:
    """Show the questions of the last 30 days that found no answer, grouped: what to write next."""
    groups, problem = [], None
    try:
        groups = services().search_client.gaps(flask.g.principal.workspace_id, days=30)
    except (AnswerbackError, KnowledgeError) as error:
        problem = str(error)
    return flask.render_template("console/questions.html", groups=groups, problem=problem)


def _documents(**more: Any) -> str:
    mine, state = scope(), flask.request.args.get("state", "")
    state = state if state in _STATES else ""
    wanted = {"waiting": ("queued", "indexing", "indexed"), "failed": ("failed",)}.get(state)
    rows, cursor = library.page(mine, states=wanted, after=flask.request.args.get("cursor"), limit=_PAGE)
    return flask.render_template(
        "console/_documents.html" if part_only() else "console/knowledge.html",
        rows=rows,
        imports=imports.recent(mine, limit=_SHOWN_IMPORTS),
        cursor=cursor,
        state=state,
        states=_STATES,
        readable=READABLE,
        at_the_top="cursor" not in flask.request.args,
        behind=_behind(services().library.snapshots(mine.workspace_id)),
        **more,
    )


def _behind(kept: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the version that answers if there is a newer one."""
    active = next((one for one in kept if one["active"]), None)
    return active if active is not None and active is not kept[0] else None
