"""Documents of the knowledge base."""

from typing import Any

import flask

from kb.documents import READABLE
from web.http.accepting import idempotency_key
from web.http.api import AcceptedResponse, Blueprint, checked, json_body, poll_headers, scope, services
from web.http.auth import needs
from web.http.operations import operation
from web.http.uploads import metadata_of, uploaded_document
from web.schemas import knowledge as schemas
from web.schemas.fields import page_of
from worker.access.permissions import Permission
from worker.knowledge import library
from worker.knowledge.library import NewDocument

blueprint = Blueprint("documents", __name__, description="The knowledge base")

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": schemas.NewDocument},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": READABLE,
                        },
                        "title": {"type": "string", "minLength": 1, "maxLength": 500},
                        "url": {"type": "string", "format": "uri"},
                        **schemas.METADATA_OF_FORM,
                    },
                }
            },
        },
    }
}


@blueprint.post("/documents")
@operation("documents.create", "idempotency_mismatch", "document_unreadable", "document_too_large", idempotent=True)
@needs(Permission.EDIT_KNOWLEDGE)
@blueprint.response(202, schemas.Document)
@blueprint.doc(**_BODY)
def add() -> AcceptedResponse:
    """Add a document, as JSON or as a file; a worker indexes and publishes it."""
    workspace_id = flask.g.principal.workspace_id
    document = services().library.add(workspace_id, _submitted(), key=idempotency_key())
    services().hints.index(workspace_id)
    return document, 202, poll_headers(document["links"]["self"])


@blueprint.get("/documents")
@operation("documents.list")
@needs(Permission.READ)
@blueprint.arguments(schemas.DocumentQuery, location="query")
@blueprint.response(200, page_of(schemas.Document))
def list_documents(query: dict[str, Any]) -> dict[str, Any]:
    """List documents, newest first."""
    found, cursor = library.page(scope(), query, after=query.get("cursor"), limit=query["limit"])
    return {"items": found, "next_cursor": cursor}


@blueprint.get("/documents/<string:document_id>")
@operation("documents.retrieve")
@needs(Permission.READ)
@blueprint.response(200, schemas.Document)
def show(document_id: str) -> dict[str, Any]:
    """Return a document with its text."""
    return library.get(scope(), document_id)


@blueprint.put("/documents/<string:document_id>")
@operation("documents.replace", "document_unreadable", "document_too_large")
@needs(Permission.EDIT_KNOWLEDGE)
@blueprint.response(202, schemas.Document)
@blueprint.doc(**_BODY)
def replace(document_id: str) -> AcceptedResponse:
    """Replace a document; the old version is used until the new one is published."""
    workspace_id = flask.g.principal.workspace_id
    document = services().library.replace(workspace_id, document_id, _submitted())
    services().hints.index(workspace_id)
    return document, 202, poll_headers(document["links"]["self"])


@blueprint.delete("/documents/<string:document_id>")
@operation("documents.delete")
@needs(Permission.EDIT_KNOWLEDGE)
@blueprint.response(204)
def remove(document_id: str) -> None:
    """Delete a document; it is no longer cited once the next snapshot is published."""
    workspace_id = flask.g.principal.workspace_id
    services().library.remove(workspace_id, document_id)
    services().hints.index(workspace_id)


@blueprint.post("/documents/delete")
@operation("documents.delete_matching")
@needs(Permission.EDIT_KNOWLEDGE)
@blueprint.arguments(schemas.DocumentDeletion)
@blueprint.response(200, schemas.DeletedDocuments)
def remove_matching(which: dict[str, Any]) -> dict[str, int]:
    """Delete the documents that match filters, or count them with `dry_run`."""
    workspace_id, dry_run = flask.g.principal.workspace_id, which.pop("dry_run")
    matched = services().library.remove_matching(workspace_id, which, dry_run=dry_run)
    if not dry_run:
        services().hints.index(workspace_id)
    return {"matched": matched, "deleted": 0 if dry_run else matched}


def _submitted() -> NewDocument:
    """Return the document in this request.

    Raises:
        Invalid: a field is missing or invalid.
        DocumentUnreadable: the content of the file does not match its name.
    """
    request = flask.request
    if request.mimetype == "multipart/form-data":
        return uploaded_document()
    new = checked(schemas.NewDocument(), json_body(request))
    return NewDocument(
        title=new["title"],
        data=new["text"].encode("utf-8", "surrogatepass"),
        media_type="text/markdown",
        url=new.get("url"),
        metadata=metadata_of(new),
    )
