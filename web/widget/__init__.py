"""The chat that a shop puts on its pages with one script tag, and a page that shows it."""

from typing import Any

import flask
from flask import Blueprint, Flask, Response
from werkzeug.exceptions import TooManyRequests

from web.http.api import services
from web.http.auth import public
from web.http.limits import Door
from worker.access.tokens import is_token
from worker.conversations import listing
from worker.conversations.intake import Opening
from worker.errors import KeyRefused
from worker.settings import Settings
from worker.store.scope import Scope
from worker.time import to_rfc3339

blueprint = Blueprint("widget", __name__)
demo_blueprint = Blueprint("demo", __name__, template_folder="templates")

#: A session lasts a day, and is made anew from a token that is still valid, for so long.
_LIFE_S = 86_400.0
_MAX_S = 30 * 86_400.0

#: Conversations that one address may open without a key, at one web process: in a minute, and in a day.
_LIMITS = ((30, 60.0), (300, 86_400.0))

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def init_app(app: Flask, settings: Settings) -> None:
    """Add the widget, and `/demo` where it is wanted."""
    app.extensions["answerback_door"] = Door(_LIMITS)
    app.register_blueprint(blueprint)
    if settings.with_demo:
        app.register_blueprint(demo_blueprint)


@blueprint.get("/widget.js")
@public
def script() -> Response:
    """Serve the widget's script, to pages of any origin."""
    response = flask.send_from_directory(f"{blueprint.root_path}/static", "widget.js", max_age=300)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@demo_blueprint.get("/demo")
@public
def demo() -> Response:
    """Show a shop's page with the widget on it."""
    response = flask.make_response(flask.render_template("widget/demo.html"))
    response.headers["Content-Security-Policy"] = _POLICY
    return response


@demo_blueprint.get("/demo/<any('demo.css'):filename>")
@public
def demo_file(filename: str) -> Response:
    """Serve what the page is made of."""
    return flask.send_from_directory(f"{blueprint.root_path}/static", filename, max_age=300)


@blueprint.post("/widget/sessions")
@public
def begin() -> Any:
    """Open a conversation for a page's visitor, or go on with the one of a token that is still valid."""
    built, origin = services(), flask.request.headers.get("Origin")
    ours = origin is None or origin == flask.request.host_url.rstrip("/")
    bound = None if ours else origin  # browsers do not always name their own server's origin
    _refuse_strangers(built.settings, origin, ours=ours)
    workspace_id = built.keys.workspace()
    principal = built.keys.widget(workspace_id)
    _, _, given = flask.request.headers.get("Authorization", "").partition(" ")
    if is_token(given):
        talk, token, ends = built.tokens.renew(principal, given, for_s=_LIFE_S, most_s=_MAX_S, origin=bound)
        if not listing.exists(Scope(built.store, workspace_id), talk):
            raise KeyRefused("The conversation was erased.")
    elif flask.current_app.extensions["answerback_door"].may_enter(flask.request.remote_addr or ""):
        talk = built.intake.open(workspace_id, Opening(channel="widget"))["id"]
        token, ends = built.tokens.make(principal, talk, for_s=_LIFE_S, origin=bound)
    else:
        raise TooManyRequests("Too many conversations were opened from this address; wait a little.", retry_after=60)
    return {"conversation_id": talk, "token": token, "expires_at": to_rfc3339(ends * 1_000)}, 201


def _refuse_strangers(settings: Settings, origin: str | None, *, ours: bool) -> None:
    """Raise unless pages of this origin may have the widget without a backend of theirs."""
    allowed = settings.with_demo if ours else {"*", origin} & set(settings.widget_origins)
    if not allowed:
        raise KeyRefused(
            "Pages of this origin may not open conversations without a key: set ANSWERBACK_WIDGET_ORIGINS, or let your "
            "server make the token (`data-session`)."
        )
