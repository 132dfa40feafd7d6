"""API keys and the audit log."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from web.console.site import REFUSALS, Page, blueprint, given, refused, to
from web.http.api import services
from web.http.auth import admin
from worker.access.keys import SCOPES
from worker.errors import Invalid

_PAGE = 100
_MAX_DAYS = 36_500


@blueprint.get("/keys")
@admin
def keys() -> Page:
    """Show the keys of the workspace."""
    return _keys()


@blueprint.post("/keys")
@admin
def make_key() -> Page:
    """Create a key; only this response shows it."""
    try:
        name, scopes = given("name"), [scope for scope in flask.request.form.getlist("scopes") if scope in SCOPES]
        if not name or not scopes:
            raise Invalid("A key needs a name and at least one scope.", field="name")
        expires_in_s = _days(given("days")) * 86_400 or None
        workspace_id = flask.g.principal.workspace_id
        key = services().keys.make(
            workspace_id, name=name, scopes=scopes, expires_in_s=expires_in_s, made_by=flask.g.principal
        )
    except REFUSALS as error:
        return refused(error, _keys)
    flask.g.made = name
    return flask.render_template("console/secret.html", kind="key", name=name, secret=key)


@blueprint.post("/keys/<string:key_id>/revoke")
@admin
def revoke(key_id: str) -> Response:
    """Revoke a key."""
    services().keys.revoke(key_id, workspace_id=flask.g.principal.workspace_id)
    return to("keys")


@blueprint.get("/audit")
@admin
def audit() -> Page:
    """Show the audit log, newest first."""
    found, cursor = services().audit_log.page(
        flask.g.principal.workspace_id, after=flask.request.args.get("cursor"), limit=_PAGE
    )
    return flask.render_template("console/audit.html", rows=found, cursor=cursor)


def _keys(**more: Any) -> str:
    found = services().keys.all(flask.g.principal.workspace_id)
    return flask.render_template("console/keys.html", rows=found[::-1], scopes=SCOPES, **more)


def _days(text: str) -> float:
    try:
        days = float(text or 0)
    except ValueError:
        days = -1.0
    if not 0 <= days <= _MAX_DAYS:
        raise Invalid(
            "The number of days must be a number from 0 to 36,500; leave it empty for a key that does not expire.",
            field="days",
        )
    return days
