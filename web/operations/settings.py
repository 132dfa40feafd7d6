"""The settings of the workspace: what it overrides of the installation's."""

import re
from typing import Any

import flask
import marshmallow as ma

from web.http.api import Blueprint, services
from web.http.auth import admin
from web.http.operations import operation
from web.schemas.settings import SettingsChange, WorkspaceSettings
from worker.errors import Invalid
from worker.time import to_rfc3339
from worker.workspace_settings.listing import to_api

blueprint = Blueprint("settings", __name__, description="The settings of the workspace")

#: A body, and the headers of its response.
VersionedSettings = tuple[dict[str, Any], int, dict[str, str]]


@blueprint.get("/settings")
@operation("settings.retrieve")
@admin
@blueprint.response(200, WorkspaceSettings)
def show() -> VersionedSettings:
    """Return each setting with its value, its default and where the value is from."""
    return _versioned()


@blueprint.patch("/settings")
@operation("settings.update", "invalid", "settings_changed", "secrets_unreadable")
@admin
@blueprint.arguments(SettingsChange, unknown=ma.INCLUDE)
@blueprint.response(200, WorkspaceSettings)
def update(new: dict[str, Any]) -> VersionedSettings:
    """Override settings, all of those sent or none; answers have them from the next message on."""
    changes = services().workspace_settings.change(flask.g.principal.workspace_id, new, version=_matched())
    flask.g.made, flask.g.changes = "settings", [change.to_api() for change in changes]
    return _versioned()


def _versioned() -> VersionedSettings:
    settings = services().workspace_settings
    overrides = settings.overrides(flask.g.principal.workspace_id)
    updated_at = None if overrides.updated_at is None else to_rfc3339(overrides.updated_at)
    body = {**to_api(overrides, settings.defaults), "updated_at": updated_at}
    return body, 200, {"ETag": f'"{overrides.version}"'}


def _matched() -> int | None:
    """Return the version that the header `If-Match` names; None without one."""
    given = flask.request.headers.get("If-Match", "*").strip()
    if given == "*":
        return None
    found = re.fullmatch(r'(?:W/)?"(\d{1,15})"', given)
    if found is None:
        raise Invalid("Must be the `ETag` that the settings were read with.", field="If-Match")
    return int(found[1])
