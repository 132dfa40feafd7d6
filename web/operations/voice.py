"""The voice of the workspace: how its assistant speaks."""

from typing import Any

import flask

from web.http.api import Blueprint, services
from web.http.auth import admin, needs
from web.http.operations import operation
from web.schemas.voice import SetVoice
from worker.access.permissions import Permission
from worker.time import to_rfc3339
from worker.voice.schema import VoiceSchema
from worker.voice.voice import Voice

blueprint = Blueprint("voice", __name__, description="How the assistant of the workspace speaks")


@blueprint.get("/workspace/voice")
@operation("voice.retrieve")
@needs(Permission.READ)
@blueprint.response(200, SetVoice)
def show() -> dict[str, Any]:
    """Return the voice, with the defaults of what is not set."""
    return _voice(flask.g.principal.workspace_id)


@blueprint.put("/workspace/voice")
@operation("voice.put")
@admin
@blueprint.arguments(VoiceSchema)
@blueprint.response(200, SetVoice)
def put(new: dict[str, Any]) -> dict[str, Any]:
    """Replace the voice; what is left out has its default. Answers have it from the next one on."""
    workspace_id = flask.g.principal.workspace_id
    services().voices.put(workspace_id, Voice.from_api(new))
    return _voice(workspace_id)


def _voice(workspace_id: str) -> dict[str, Any]:
    row = services().voices.row(workspace_id)
    voice = Voice() if row is None else Voice.from_api(vars(row))
    return {**voice.to_api(), "updated_at": None if row is None else to_rfc3339(row.updated_at)}
