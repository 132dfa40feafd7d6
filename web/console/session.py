"""Console sessions: a signed cookie, valid as long as its key, and CSRF tokens in forms."""

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

#: Lifetime of a session.
_LIFE_S = 12 * 3_600

#: Views that need no login.
_PUBLIC = ("console.login", "console.enter", "console.static")

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
    """Require a login for the views of a blueprint, and add security headers."""
    blueprint.before_request(_check)
    blueprint.after_request(protect)

    @blueprint.record
    def skip_key_check(state: Any) -> None:  # this module checks the cookie instead of an API key
        for endpoint, view in state.app.view_functions.items():
            if endpoint.startswith(f"{blueprint.name}."):
                public(view)


def log_in(*, key: str = "", login: str = "", password: str = "") -> AnyResponse:
    """Return a redirect to the console with a new session cookie.

    Raises:
        KeyRefused: the key, or the login and password, are invalid.
        TriedTooOften: there were too many wrong passwords.
    """
    keys = services().keys
    principal = keys.check(key) if key else keys.check_password(login, password)
    flask.g.principal = principal
    response = flask.redirect(_target(flask.request.form.get("next", "")), 303)
    response.set_cookie(
        COOKIE,
        services().logins.make(principal, for_s=_LIFE_S),
        max_age=_LIFE_S,
        httponly=True,
        samesite="Lax",  # so that links in notes and e-mails work; `_check` verifies every POST
        secure=flask.request.is_secure or flask.request.headers.get("X-Forwarded-Proto") == "https",
        path="/console",
    )
    return response


def log_out() -> AnyResponse:
    """Return a redirect to the login page that deletes the cookie."""
    response = flask.redirect(flask.url_for("console.login"), 303)
    response.delete_cookie(COOKIE, path="/console")
    return response


def may_write() -> bool:
    """Whether the user may change anything."""
    return bool({"write", "admin"} & flask.g.principal.scopes)


def is_admin() -> bool:
    """Whether the user is an administrator."""
    return "admin" in flask.g.principal.scopes


def _check() -> AnyResponse | None:
    request = flask.request
    sent = (*request.args.items(multi=True), *request.form.items(multi=True))
    if any(_UNSTORABLE.search(text) for pair in sent for text in pair):
        flask.abort(400, description="The form contains invalid characters.")
    if request.endpoint in _PUBLIC:
        if request.method == "POST":
            _refuse_other_origins()
        return None
    try:
        principal, nonce = services().logins.check(request.cookies.get(COOKIE, ""))
    except KeyRefused:
        login = flask.url_for("console.login", next=request.full_path.rstrip("?") if request.method == "GET" else None)
        if (
            "HX-Request" in request.headers
        ):  # a refresh by htmx: the page shows a notice and keeps what is being written
            return Response(status=204, headers={"HX-Trigger": "loggedOut"})
        return flask.redirect(login, 303)
    flask.g.principal, flask.g.csrf = principal, nonce
    flask.g.valid = still(partial(services().logins.check, request.cookies.get(COOKIE, "")))
    if request.endpoint != "console.leave":
        view = flask.current_app.view_functions[str(request.endpoint)]
        _need(principal, "read")  # the error page is shown to a user who is logged in
        _need(principal, getattr(view, "needs_scope", None) or ("write" if request.method == "POST" else "read"))
    if request.method == "POST":
        _refuse_other_origins()
        if not hmac.compare_digest(request.form.get("csrf", "").encode(), nonce.encode()):
            flask.abort(403, description="This form has expired. Reload the page and try again.")
    return None


def _need(principal: Principal, scope: str) -> None:
    if not {scope, "admin"} & principal.scopes:
        flask.abort(403, description=f"This key lacks the scope `{scope}`.")


def _refuse_other_origins() -> None:
    """Abort a request from a page of another site."""
    origin = flask.request.headers.get("Origin")
    if origin is not None and not re.fullmatch(rf"https?://{re.escape(flask.request.host)}", origin):
        flask.abort(403, description="This form was sent from another site.")


def _target(path: str) -> str:
    """Return a requested path if it is a page of the console, else the inbox."""
    try:
        parts = urlsplit(path)
    except ValueError:  # such as //[
        return flask.url_for("console.inbox")
    in_console = (
        not parts.scheme and not parts.netloc and (parts.path == "/console" or parts.path.startswith("/console/"))
    )
    return path if in_console and "\\" not in path and path.isprintable() else flask.url_for("console.inbox")


def protect(response: Response) -> Response:
    """Add headers that forbid foreign scripts, styles and frames."""
    response.headers.update(_HEADERS)
    return response
