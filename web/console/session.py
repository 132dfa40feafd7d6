"""Console sessions: of people, rows that they can end; of API keys, a signed cookie. And CSRF tokens in forms."""

import hmac
import re
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import flask
from flask import Blueprint, Response
from werkzeug.wrappers import Response as AnyResponse

from web.http.api import services
from web.http.auth import permission_of, public, require, still
from worker.access.permissions import Permission
from worker.accounts.entrance import LoggedIn
from worker.accounts.errors import SessionEnded
from worker.accounts.sessions import MAX_S, PREFIX, AccountSessions, Client, Session
from worker.errors import KeyRefused
from worker.workspace_settings.workspace_settings import WorkspaceSettings

COOKIE = "answerback_console"

#: Names a browser in which somebody has logged in before: failures elsewhere do not delay its logins.
DEVICE_COOKIE = "answerback_device"
_DEVICE_S = 180 * 24 * 3_600

#: Lifetime of the session of an API key.
_KEY_S = 12 * 3_600

#: Views that need no login.
PUBLIC: set[str] = set()

#: Views that everybody who is logged in may use, whatever their role: of one's own account.
PERSONAL: set[str] = set()

#: Views for those who must set up two-factor authentication first.
_SETTING_UP = {
    f"console.{name}"
    for name in ("second_factor_required", "begin_second_factor", "second_factor", "confirm_second_factor", "leave")
}

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


def open_to_all(view: Any) -> Any:
    """Mark a view of the console that needs no login."""
    PUBLIC.add(f"console.{view.__name__}")
    return view


def personal(view: Any) -> Any:
    """Mark a view that everybody may use who is logged in, whatever their role."""
    PERSONAL.add(f"console.{view.__name__}")
    return view


def log_in_with_key(key: str) -> AnyResponse:
    """Return a redirect to the console with a new session of an API key.

    Raises:
        KeyRefused: the key is unknown, expired or revoked.
    """
    principal = services().keys.check(key)
    flask.g.principal = principal
    return _entered(services().logins.make(principal, for_s=_KEY_S), max_age=_KEY_S)


def log_in(entered: LoggedIn, *, to: str = "") -> AnyResponse:
    """Return a redirect to the console with the new session of a person."""
    flask.g.principal = services().accounts.sessions.check(entered.token).principal
    response = _entered(entered.token, max_age=MAX_S, to=to)
    if entered.device is not None:
        set_cookie(response, DEVICE_COOKIE, entered.device, max_age=_DEVICE_S)
    return response


def _entered(token: str, *, max_age: int, to: str = "") -> AnyResponse:
    response = flask.redirect(target(to or flask.request.form.get("next", "")), 303)
    set_cookie(response, COOKIE, token, max_age=max_age)
    return response


def set_cookie(response: AnyResponse, name: str, value: str, *, max_age: int, path: str = "/console") -> None:
    """Set a cookie that scripts do not see and other sites' forms do not send."""
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        httponly=True,
        samesite="Lax",  # so that links in notes and e-mails work; `_check` verifies every POST
        secure=flask.request.is_secure or flask.request.headers.get("X-Forwarded-Proto") == "https",
        path=path,
    )


def log_out() -> AnyResponse:
    """End the session; return a redirect to the login page that deletes the cookie."""
    if flask.g.get("session") is not None:
        services().accounts.entrance.leave(flask.g.session.account_id, flask.g.session.id)
    by_sign_on = flask.g.session is not None and flask.g.session.method == "sso"
    response = flask.redirect(flask.url_for("console.login", left="sso" if by_sign_on else None), 303)
    response.delete_cookie(COOKIE, path="/console")
    return response


def client() -> Client:
    """Return the browser of the request, as sessions show it."""
    return Client(address=flask.request.remote_addr or "", user_agent=flask.request.headers.get("User-Agent", ""))


def device() -> str | None:
    """Return the token of the browser, if somebody has logged in with it before."""
    return flask.request.cookies.get(DEVICE_COOKIE)


def may(permission: str) -> bool:
    """Whether whoever is logged in has a permission; nobody has any."""
    return "principal" in flask.g and bool(flask.g.principal.may(Permission[permission.upper()]))


def _check() -> AnyResponse | None:
    request = flask.request
    sent = (*request.args.items(multi=True), *request.form.items(multi=True))
    if any(_UNSTORABLE.search(text) for pair in sent for text in pair):
        flask.abort(400, description="The form contains invalid characters.")
    if request.endpoint in PUBLIC:
        if request.method == "POST":
            _refuse_other_origins()
        return None
    try:
        resume()
    except KeyRefused:
        if "HX-Request" in request.headers:
            # A refresh by htmx: the page shows a notice and keeps what is being written.
            return Response(status=204, headers={"HX-Trigger": "loggedOut"})
        wanted = request.full_path.rstrip("?") if request.method == "GET" else None
        return flask.redirect(flask.url_for("console.login", next=wanted), 303)
    flask.g.must_set_up = _must_set_up_second_factor(flask.g.session, services().workspace_settings)
    if flask.g.must_set_up and request.endpoint not in _SETTING_UP:
        required = flask.url_for("console.second_factor_required")
        if "HX-Request" in request.headers:  # htmx would show the page within the part that it refreshes
            return Response(status=204, headers={"HX-Redirect": required})
        return flask.redirect(required, 303)
    if request.endpoint not in PERSONAL:
        view = flask.current_app.view_functions[str(request.endpoint)]
        require(flask.g.principal, Permission.READ)  # the error page is shown to a user who is logged in
        require(flask.g.principal, permission_of(view))
    if request.method == "POST":
        _refuse_other_origins()
        if not hmac.compare_digest(request.form.get("csrf", "").encode(), flask.g.csrf.encode()):
            flask.abort(403, description="This form has expired. Reload the page and try again.")
    return None


def resume() -> None:
    """Take up the session of the request's cookie.

    Raises:
        KeyRefused: there is none, or it has ended.
    """
    token = flask.request.cookies.get(COOKIE, "")
    if token.startswith(PREFIX):
        sessions = services().accounts.sessions
        flask.g.session = sessions.check(token)
        flask.g.principal, flask.g.csrf = flask.g.session.principal, flask.g.session.csrf
        flask.g.valid = still(partial(_check_session, token, sessions, services().workspace_settings))
    else:
        flask.g.principal, flask.g.csrf = services().logins.check(token)
        flask.g.session = None
        flask.g.valid = still(partial(services().logins.check, token))


def _check_session(token: str, sessions: AccountSessions, settings: WorkspaceSettings) -> None:
    """Check, outside a request as well, that a person's session may go on.

    Raises:
        SessionEnded: it has ended, or the person has to set up a second factor first.
    """
    if _must_set_up_second_factor(sessions.check(token), settings):
        raise SessionEnded


def _must_set_up_second_factor(session: Session | None, settings: WorkspaceSettings) -> bool:
    """Whether the workspace asks whoever is logged in for a second factor that they do not have.

    A key has none, and after single sign-on it is the provider's business.
    """
    if session is None or session.has_second_factor or session.method == "sso":
        return False
    asked_of = settings.value(session.principal.workspace_id, "second_factor")
    return asked_of == "everybody" or (asked_of == "admins" and bool(session.principal.may(Permission.ADMINISTER)))


def _refuse_other_origins() -> None:
    """Abort a request from a page of another site."""
    origin = flask.request.headers.get("Origin")
    if origin is not None and not re.fullmatch(rf"https?://{re.escape(flask.request.host)}", origin):
        flask.abort(403, description="This form was sent from another site.")


def target(path: str) -> str:
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
