"""Who may do what, and who did what."""

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
    """Make a key, which is on this page and on no other."""
    try:
        name, scopes = given("name"), [scope for scope in flask.request.form.getlist("scopes") if scope in SCOPES]
        if not name or not scopes:
            raise Invalid("A key needs a name, and something that it may do.", field="name")
        lasts_s = _days(given("days")) * 86_400 or None
        made = services().keys.make(flask.g.principal.workspace_id, name=name, scopes=scopes, expires_in_s=lasts_s)
    except REFUSALS as error:
        return refused(error, _keys)
    flask.g.made = name
    return flask.render_template("console/secret.html", what="key", of=name, secret=made)


@blueprint.post("/keys/<string:key_id>/revoke")
@admin
def revoke(key_id: str) -> Response:
    """Refuse a key from now on."""
    services().keys.revoke(key_id, workspace_id=flask.g.principal.workspace_id)
    return to("keys")


@blueprint.post("/keys/<string:key_id>/password")
@admin
def set_password(key_id: str) -> Page | Response:
    """Let somebody log in as the holder of a key with a password."""
    built, mine = services(), flask.g.principal.workspace_id
    try:
        if key_id not in {one["id"] for one in built.keys.all(mine)}:
            raise Invalid("There is no key with this id.", field="key")
        password = flask.request.form.get("password", "")
        built.keys.set_password(key_id, login=given("login"), password=password)
    except REFUSALS as error:
        return refused(error, _keys)
    return to("keys")


@blueprint.get("/audit")
@admin
def audit() -> Page:
    """Show what operators did, newest first."""
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
        raise Invalid("The days must be a number; without them the key does not expire.", field="days")
    return days
