"""Imports: many documents from an archive, a list of URLs or a sitemap."""

import json
from typing import Any

import flask

from web.http.accepting import idempotency_key
from web.http.api import AcceptedResponse, Blueprint, checked, json_body, poll_headers, scope, services
from web.http.auth import needs
from web.http.operations import operation
from web.http.uploads import metadata_of, metadata_of_form, uploaded_file
from web.schemas import knowledge as schemas
from web.schemas.fields import page_of
from worker.access.permissions import Permission
from worker.knowledge import imports
from worker.knowledge.imports import NewImport

blueprint = Blueprint("imports", __name__, description="Imports of many documents")

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": schemas.NewImport},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "a zip archive"},
                        **schemas.METADATA_OF_FORM,
                    },
                }
            },
        },
    }
}


@blueprint.post("/imports")
@operation(
    "imports.create",
    "idempotency_mismatch",
    "address_refused",
    "document_unreadable",
    "document_too_large",
    idempotent=True,
)
@needs(Permission.EDIT_KNOWLEDGE)
@blueprint.response(202, schemas.Import)
@blueprint.doc(**_BODY)
def add() -> AcceptedResponse:
    """Import the files of a zip archive, or the pages of a list of URLs or a sitemap."""
    workspace_id = flask.g.principal.workspace_id
    started = services().importer.add(workspace_id, _submitted(), key=idempotency_key())
    services().hints.index(workspace_id)
    return started, 202, poll_headers(started["links"]["self"])


@blueprint.get("/imports")
@operation("imports.list")
@needs(Permission.READ)
@blueprint.arguments(schemas.ImportQuery, location="query")
@blueprint.response(200, page_of(schemas.Import))
def list_imports(query: dict[str, Any]) -> dict[str, Any]:
    """List imports, newest first."""
    found, cursor = imports.page(scope(), query, after=query.get("cursor"), limit=query["limit"])
    return {"items": found, "next_cursor": cursor}


@blueprint.get("/imports/<string:import_id>")
@operation("imports.retrieve")
@needs(Permission.READ)
@blueprint.response(200, schemas.Import)
def show(import_id: str) -> dict[str, Any]:
    """Return an import, with its failures and their reasons."""
    return imports.get(scope(), import_id)


def _submitted() -> NewImport:
    if flask.request.mimetype == "multipart/form-data":
        name, data = uploaded_file()
        return NewImport(kind="archive", name=name, source=data, metadata=metadata_of_form())
    new = checked(schemas.NewImport(), json_body(flask.request))
    guard = services().import_guard
    if "sitemap" in new:
        guard.check_url(new["sitemap"], field="sitemap")
        return NewImport(
            kind="sitemap",
            name=new["sitemap"],
            source=json.dumps({"sitemap": new["sitemap"]}).encode(),
            metadata=metadata_of(new),
        )
    urls = list(dict.fromkeys(new["urls"]))
    return NewImport(
        kind="urls", name=f"{len(urls)} URLs", source=json.dumps({"urls": urls}).encode(), metadata=metadata_of(new)
    )
