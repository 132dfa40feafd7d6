"""Who is logged in to the console: a signed cookie that dies with its key; forms carry what only our pages know."""

import hmac
import re
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import flask
from flask import Blueprint, Response
from werkzeug.wrappers import Response as AnyResponse

from web.http.api import services
from web.http.auth import public, still
from worker.access.keys import Principal
from worker.errors import KeyRefused

COOKIE = "answerback_console"

#: Hours of a login.
_LIFE_S = 12 * 3_600

#: Pages that need no login.
_OPEN = ("console.login", "console.enter", "console.static")

_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def init_app(blueprint: Blueprint) -> None:
    """Guard the pages of a blueprint."""
    blueprint.before_request(_check)
    blueprint.after_request(protect)

    @blueprint.record
    def open_to_auth(state: Any) -> None:  # the cookie is checked here, not the API's key
        for endpoint, view in state.app.view_functions.items():
            if endpoint.startswith(f"{blueprint.name}."):
                public(view)


def log_in(*, key: str = "", login: str = "", password: str = "") -> AnyResponse:
    """Return the way to the pages, with a new login for whoever has this key, or this login and password.

    Raises:
        KeyRefused: nobody has.
        TriedTooOften: there were too many wrong passwords.
    """
    keys = services().keys
    principal = keys.check(key) if key else keys.check_password(login, password)
    flask.g.principal = principal
    response = flask.redirect(_wanted(flask.request.form.get("next", "")), 303)
    response.set_cookie(
        COOKIE,
        services().logins.make(principal, for_s=_LIFE_S),
        max_age=_LIFE_S,
        httponly=True,
        samesite="Lax",  # so that links in notes and mails open; what changes anything is guarded by `_check`
        secure=flask.request.is_secure or flask.request.headers.get("X-Forwarded-Proto") == "https",
        path="/console",
    )
    return response


def log_out() -> AnyResponse:
    """Return the way to the login, without one."""
    response = flask.redirect(flask.url_for("console.login"), 303)
    response.delete_cookie(COOKIE, path="/console")
    return response


def may_write() -> bool:
    """Whether who is logged in may do anything but read."""
    return bool({"write", "admin"} & flask.g.principal.scopes)


def is_admin() -> bool:
    """Whether who is logged in may do everything."""
    return "admin" in flask.g.principal.scopes


def _check() -> AnyResponse | None:
    request = flask.request
    sent = (*request.args.items(multi=True), *request.form.items(multi=True))
    if any(_UNSTORABLE.search(text) for pair in sent for text in pair):
        flask.abort(400, description="What was sent holds characters that are no text.")
    if request.endpoint in _OPEN:
        if request.method == "POST":
            _refuse_other_origins()
        return None
    try:
        principal, nonce = services().logins.check(request.cookies.get(COOKIE, ""))
    except KeyRefused:
        login = flask.url_for("console.login", next=request.full_path.rstrip("?") if request.method == "GET" else None)
        if "HX-Request" in request.headers:  # a part of a page, in which somebody may be writing: it says so
            return Response(status=204, headers={"HX-Trigger": "loggedOut"})
        return flask.redirect(login, 303)
    flask.g.principal, flask.g.csrf = principal, nonce
    flask.g.valid = still(partial(services().logins.check, request.cookies.get(COOKIE, "")))
    if request.endpoint != "console.leave":
        view = flask.current_app.view_functions[str(request.endpoint)]
        _need(principal, "read")  # what is refused is told on a page
        _need(principal, getattr(view, "needs_scope", None) or ("write" if request.method == "POST" else "read"))
    if request.method == "POST":
        _refuse_other_origins()
        if not hmac.compare_digest(request.form.get("csrf", "").encode(), nonce.encode()):
            flask.abort(403, description="This form is too old, or not ours. Load the page again.")
    return None


def _need(principal: Principal, scope: str) -> None:
    if not {scope, "admin"} & principal.scopes:
        flask.abort(403, description=f"This key lacks the scope `{scope}`.")


def _refuse_other_origins() -> None:
    """End a request that another site's page has made."""
    origin = flask.request.headers.get("Origin")
    if origin is not None and not re.fullmatch(rf"https?://{re.escape(flask.request.host)}", origin):
        flask.abort(403, description="This form was sent from another site.")


def _wanted(path: str) -> str:
    """Return where somebody wanted to go, if it is a page of the console."""
    try:
        parts = urlsplit(path)
    except ValueError:  # such as //[
        return flask.url_for("console.inbox")
    ours = not parts.scheme and not parts.netloc and (parts.path == "/console" or parts.path.startswith("/console/"))
    return path if ours and "\\" not in path and path.isprintable() else flask.url_for("console.inbox")


def protect(response: Response) -> Response:
    """Let a page run nothing and stand in no other's frame."""
    response.headers.update(_HEADERS)
    return response
