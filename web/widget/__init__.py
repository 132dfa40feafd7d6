"""The chat widget for websites, and a demo page."""

import gzip
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import flask
import marshmallow as ma
import rjsmin
from flask import Blueprint, Flask, Response
from werkzeug.exceptions import NotFound, TooManyRequests

from web.http.api import checked, scope, services
from web.http.auth import customers, needs, public
from web.http.limits import AddressLimiter
from worker.access.permissions import Permission
from worker.access.tokens import is_token
from worker.conversations import attachments, contacts, listing
from worker.conversations.intake import Opening
from worker.errors import KeyRefused
from worker.settings import Settings
from worker.store.scope import Scope
from worker.time import to_rfc3339
from worker.translations import catalogue

blueprint = Blueprint("widget", __name__)
demo_blueprint = Blueprint("demo", __name__, template_folder="templates")

#: Lifetime of a token, and the time for which a session can be renewed with a valid token.
_LIFE_S = 86_400.0
_MAX_S = 30 * 86_400.0

#: Conversations that one address may open, and files that it may upload, per web process: in a minute, and in a day.
_LIMITS = ((30, 60.0), (300, 86_400.0))

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def init_app(app: Flask, settings: Settings) -> None:
    """Add the widget, and `/demo` if the settings enable it."""
    app.extensions["answerback_widget_sessions"] = AddressLimiter(_LIMITS)
    app.extensions["answerback_widget_uploads"] = AddressLimiter(_LIMITS)
    app.register_blueprint(blueprint)
    if settings.with_demo:
        app.register_blueprint(demo_blueprint)


@blueprint.get("/widget.js")
@public
def script() -> Response:
    """Serve the script of the widget, without comments and needless white space, to pages of any origin."""
    response = flask.Response(_minified(), mimetype="text/javascript")
    if flask.request.accept_encodings.best_match(["gzip"]):
        response = flask.Response(_compressed(), mimetype="text/javascript", headers={"Content-Encoding": "gzip"})
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "public, max-age=300"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.add_etag()
    response.make_conditional(flask.request)
    return response


@cache
def _minified() -> str:
    minified: str = rjsmin.jsmin((Path(__file__).parent / "static" / "widget.js").read_text())
    return minified


@cache
def _compressed() -> bytes:
    return gzip.compress(_minified().encode(), 9, mtime=0)


@blueprint.get("/widget/texts/<language>.json")
@public
def texts(language: str) -> Response:
    """Return the texts of the widget in a language, by English text, to pages of any origin."""
    translations = catalogue(language, "widget")
    if not translations:
        raise NotFound(f"There are no texts in {language!r}.")
    response = flask.jsonify(dict(translations))
    response.headers["Cache-Control"] = "public, max-age=300"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@demo_blueprint.get("/demo")
@public
def demo() -> Response:
    """Show a demo page with the widget."""
    response = flask.make_response(flask.render_template("widget/demo.html"))
    response.headers["Content-Security-Policy"] = _POLICY
    return response


@demo_blueprint.get("/demo/<any('demo.css'):filename>")
@public
def demo_file(filename: str) -> Response:
    """Serve the style sheet of the demo page."""
    return flask.send_from_directory(f"{blueprint.root_path}/static", filename, max_age=300)


@blueprint.post("/widget/sessions")
@public
def begin() -> Any:
    """Open a conversation for a visitor, or renew the session of a valid token."""
    deps, origin = services(), flask.request.headers.get("Origin")
    same_origin = origin is None or origin == flask.request.host_url.rstrip("/")
    bound = None if same_origin else origin  # browsers may omit the origin on requests to the same origin
    _require_allowed(deps.settings, origin, same_origin=same_origin)
    workspace_id = deps.keys.workspace()
    principal = deps.keys.widget(workspace_id)
    _, _, given = flask.request.headers.get("Authorization", "").partition(" ")
    if is_token(given):
        conversation_id, token, expires = deps.tokens.renew(
            principal, given, for_s=_LIFE_S, max_age_s=_MAX_S, origin=bound
        )
        if not listing.exists(Scope(deps.store, workspace_id), conversation_id):
            raise KeyRefused("The conversation was erased.")
        if contacts.goes_on_by_mail(Scope(deps.store, workspace_id), conversation_id):
            raise KeyRefused("The conversation goes on by mail.")
    elif flask.current_app.extensions["answerback_widget_sessions"].allow(flask.request.remote_addr or ""):
        conversation_id = deps.actions.open(workspace_id, Opening(channel="widget"))["id"]
        token, expires = deps.tokens.make(principal, conversation_id, for_s=_LIFE_S, origin=bound)
    else:
        raise TooManyRequests("Too many conversations were opened from this address; try again later.", retry_after=60)
    return {"conversation_id": conversation_id, "token": token, "expires_at": to_rfc3339(expires * 1_000)}, 201


class _Contact(ma.Schema):
    """The e-mail address that a visitor leaves."""

    email = ma.fields.Email(required=True, validate=ma.validate.Length(max=254))


class _Seen(ma.Schema):
    """How far the chat has shown the conversation."""

    seq = ma.fields.Integer(required=True, strict=True, validate=ma.validate.Range(min=1, max=2**31 - 1))


@blueprint.get("/widget/conversations/<string:conversation_id>")
@needs(Permission.READ)
@customers
def state(conversation_id: str) -> dict[str, Any]:
    """Return the owner, the address that was left, whether mail can reach one, and the names of the files."""
    found = contacts.show(scope(), conversation_id, has_server=bool(services().settings.smtp_url))
    return {**found, "files": attachments.listed(scope(), conversation_id)}


@blueprint.put("/widget/conversations/<string:conversation_id>/contact")
@needs(Permission.CONVERSE)
@customers
def leave_contact(conversation_id: str) -> dict[str, Any]:
    """Keep the address that replies are sent to once the visitor has gone."""
    given = checked(_Contact(), flask.request.get_json())
    contacts.leave(scope(), conversation_id, given["email"].lower(), origin=_named_origin(services().settings))
    return {"email": given["email"].lower()}


@blueprint.delete("/widget/conversations/<string:conversation_id>/files/<string:attachment_id>")
@needs(Permission.CONVERSE)
@customers
def remove_file(conversation_id: str, attachment_id: str) -> dict[str, Any]:
    """Delete a file that the visitor took out of the message before sending it."""
    attachments.remove(scope(), conversation_id, attachment_id)
    return {"id": attachment_id}


@blueprint.put("/widget/conversations/<string:conversation_id>/seen")
@needs(Permission.CONVERSE)
@customers
def see(conversation_id: str) -> dict[str, Any]:
    """Record which messages the chat has shown; these are not sent by mail any more."""
    given = checked(_Seen(), flask.request.get_json())
    contacts.see(scope(), conversation_id, given["seq"])
    return {"seq": given["seq"]}


def _named_origin(settings: Settings) -> str | None:
    """Return the origin of the page if the operator named it, else None: a mail must not lead to anybody's page."""
    origin = flask.request.headers.get("Origin")
    own = urlsplit(settings.console_address)
    named = {*settings.widget_origins, *settings.cors_origins, f"{own.scheme}://{own.netloc}"} - {"*", "null"}
    return origin if origin in named else None


def _require_allowed(settings: Settings, origin: str | None, *, same_origin: bool) -> None:
    """Raise KeyRefused unless pages of this origin may use the widget without a server-side session."""
    allowed = settings.with_demo if same_origin else {"*", origin} & set(settings.widget_origins)
    if not allowed:
        raise KeyRefused(
            "Pages of this origin may not open conversations without a key: add it to ANSWERBACK_WIDGET_ORIGINS, or "
            "create the token on your server (`data-session`)."
        )
