"""Files that customers attach to messages."""

from typing import Any

import flask
from webargs.flaskparser import abort
from werkzeug.exceptions import TooManyRequests

from kb.documents import IMAGE_TYPES, READABLE, media_type_of_file
from web.http import audience
from web.http.api import Blueprint, scope, services
from web.http.auth import customers, needs
from web.http.operations import operation
from web.http.uploads import uploaded_file
from web.schemas import conversations as schemas
from worker.access.permissions import Permission
from worker.conversations import attachments

blueprint = Blueprint("attachments", __name__, description="Files attached to messages")

_FILE = {"type": "string", "format": "binary", "description": f"{READABLE}, or an image"}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": {"file": _FILE}}}
        },
    }
}


@blueprint.post("/attachments")
@operation("attachments.create", "document_too_large", "document_unreadable")
@needs(Permission.CONVERSE)
@customers
@blueprint.response(201, schemas.Attachment)
@blueprint.doc(**_BODY)
def add() -> tuple[dict[str, Any], int, dict[str, str]]:
    """Upload a file; it is deleted after a day unless a message lists its id in `attachments`."""
    uploads = flask.current_app.extensions["answerback_widget_uploads"]
    if audience.is_customer() and not uploads.allow(flask.request.remote_addr or ""):
        raise TooManyRequests("Too many files were uploaded from this address; try again later.", retry_after=60)
    name, data = uploaded_file()
    image_type = next((kind for suffix, kind in IMAGE_TYPES.items() if name.lower().endswith(suffix)), None)
    media_type = media_type_of_file(name) or image_type
    if media_type is None:
        abort(415, messages={"file": [f"{name[:100]!r} cannot be read; send {READABLE}, or an image."]})
    workspace_id = flask.g.principal.workspace_id
    attachment = services().attachments.add(
        workspace_id,
        name=name[:200],
        media_type=media_type,
        data=data,
        visitor_of=flask.g.principal.conversation_id,
    )
    return attachment, 201, {"Location": attachment["links"]["self"]}


@blueprint.get("/attachments/<string:attachment_id>")
@operation("attachments.retrieve")
@needs(Permission.READ)
@blueprint.response(200, schemas.Attachment)
def show(attachment_id: str) -> dict[str, Any]:
    """Return an attachment; once a worker has read it, with its text or the reason why it cannot be read."""
    return attachments.get(scope(), attachment_id)
