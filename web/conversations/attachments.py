"""Files that customers send along with what they write."""

from typing import Any

import flask
from webargs.flaskparser import abort

from kb.documents import IMAGE_TYPES, READABLE, media_type_of
from web.http.api import Blueprint, scope, services
from web.http.auth import customers
from web.http.uploads import uploaded_file
from web.schemas import conversations as schemas
from worker.conversations import attachments

blueprint = Blueprint("attachments", __name__, description="Files that come with messages")

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
@customers
@blueprint.response(201, schemas.Attachment)
@blueprint.doc(**_BODY)
def add() -> tuple[dict[str, Any], int, dict[str, str]]:
    """Keep a file; a message that names its id within a day brings it along."""
    name, data = uploaded_file()
    ending = next((kind for end, kind in IMAGE_TYPES.items() if name.lower().endswith(end)), None)
    media_type = media_type_of(name) or ending
    if media_type is None:
        abort(415, messages={"file": [f"{name[:100]!r} cannot be read; send {READABLE}, or an image."]})
    made = services().attachments.add(flask.g.principal.workspace_id, name=name[:200], media_type=media_type, data=data)
    return made, 201, {"Location": made["links"]["self"]}


@blueprint.get("/attachments/<string:attachment_id>")
@blueprint.response(200, schemas.Attachment)
def show(attachment_id: str) -> dict[str, Any]:
    """Return an attachment, with its text or why it cannot be read, once a worker has looked."""
    return attachments.get(scope(), attachment_id)
