"""Login with a password and a second factor, or with an API key; logout; forgotten passwords."""

from collections.abc import Callable

import flask
from werkzeug.wrappers import Response

from web.console.session import client, device, log_in, log_in_with_key, log_out, open_to_all, personal, set_cookie
from web.console.site import Page, blueprint, given
from web.http.api import services
from worker.accounts.entrance import NeedsCode
from worker.accounts.errors import LinkInvalid
from worker.errors import Invalid, KeyRefused, TriedTooOften
from worker.telemetry import logs

log = logs.get(__name__)

#: Holds a login whose password was right until its code is entered.
_CODE_COOKIE = "answerback_login"
_CODE_S = 600


@blueprint.get("/login")
@open_to_all
def login() -> str:
    """Show the login page."""
    return _login()


@blueprint.post("/login")
@open_to_all
def enter() -> Response | Page:
    """Log in with a password, or with an API key."""

    def attempt() -> Response:
        if key := given("key"):
            try:
                return log_in_with_key(key)
            except KeyRefused:
                raise KeyRefused("This API key is unknown or revoked.") from None
        _require_passwords()
        password = flask.request.form.get("password", "")
        entered = services().accounts.entrance.enter(given("email"), password, client=client(), device=device())
        if isinstance(entered, NeedsCode):
            response = flask.redirect(flask.url_for("console.code", next=flask.request.form.get("next") or None), 303)
            set_cookie(response, _CODE_COOKIE, entered.token, max_age=_CODE_S, path="/console/login")
            return response
        return log_in(entered)

    return _attempted(attempt, _login)


@blueprint.get("/login/code")
@open_to_all
def code() -> Response | Page:
    """Ask for the code of the second factor."""
    if _CODE_COOKIE not in flask.request.cookies:
        return flask.redirect(flask.url_for("console.login"), 303)
    return _code()


@blueprint.post("/login/code")
@open_to_all
def enter_code() -> Response | Page:
    """Complete a login with a code."""

    def attempt() -> Response:
        token = flask.request.cookies.get(_CODE_COOKIE, "")
        entered = services().accounts.entrance.enter_code(token, given("code"), client=client(), device=device())
        response = log_in(entered)
        response.delete_cookie(_CODE_COOKIE, path="/console/login")
        return response

    try:
        return _attempted(attempt, _code)
    except LinkInvalid as error:
        page = _login(problem=str(error) if "wrong codes" in str(error) else "This login took too long. Try again.")
        response = flask.make_response(page, 401)
        response.delete_cookie(_CODE_COOKIE, path="/console/login")
        return response


@blueprint.post("/logout")
@personal
def leave() -> Response:
    """Log out."""
    return log_out()


@blueprint.get("/forgot")
@open_to_all
def forgot() -> str:
    """Show the form that asks for a new password."""
    return _forgot()


@blueprint.post("/forgot")
@open_to_all
def send_reset() -> Response | Page:
    """Have a link mailed, if somebody has this address; the page says the same in either case."""

    def attempt() -> Page:
        _require_passwords()
        services().accounts.entrance.forgot(given("email"))
        return flask.render_template("console/forgot.html", sent=True, can_mail=True)

    return _attempted(attempt, _forgot)


@blueprint.get("/reset")
@open_to_all
def reset() -> Page:
    """Show the form for a new password."""
    token = flask.request.args.get("token", "")[:200]
    try:
        services().accounts.entrance.check_reset(token)
    except LinkInvalid as error:
        return flask.render_template("console/link_invalid.html", problem=str(error)), 404
    return _reset()


@blueprint.post("/reset")
@open_to_all
def set_new_password() -> Response | Page:
    """Set a new password; the person logs in with it."""

    def attempt() -> Page:
        _require_passwords()
        services().accounts.entrance.reset(given("token"), flask.request.form.get("password", ""))
        return _login(done="Your password is changed, and all sessions have ended. Log in with it.")

    try:
        return _attempted(attempt, _reset)
    except LinkInvalid as error:
        return flask.render_template("console/link_invalid.html", problem=str(error)), 404


def _attempted(attempt: Callable[[], Response | Page], page: Callable[..., str]) -> Response | Page:
    """Return the response of an attempt, or the page again with the reason why it is refused."""
    request = flask.request
    try:
        if not flask.current_app.extensions["answerback_logins"].allow(request.remote_addr or ""):
            raise TriedTooOften("Too many login attempts from this address. Try again in a minute.")
        return attempt()
    except KeyRefused as error:
        log.warning("login_refused", view=request.endpoint, address=request.remote_addr, code=error.code)
        return page(problem=str(error)), 401
    except TriedTooOften as error:
        log.warning("login_delayed", view=request.endpoint, address=request.remote_addr)
        response = flask.make_response(page(problem=str(error)), 429)
        response.headers["Retry-After"] = str(round(error.retry_after_s + 0.5))
        return response
    except Invalid as error:
        return page(problem=str(error)), 422


def _require_passwords() -> None:
    """Refuse passwords where only single sign-on is allowed."""
    if not services().settings.passwords:
        raise KeyRefused("Passwords are turned off here: use single sign-on.")


def _login(**more: str) -> str:
    return flask.render_template(
        "console/login.html",
        next=flask.request.values.get("next", ""),
        typed_email=flask.request.form.get("email", "")[:254],
        with_key="key" in flask.request.form,
        settings=services().settings,
        **more,
    )


def _code(**more: str) -> str:
    return flask.render_template("console/code.html", next=flask.request.values.get("next", ""), **more)


def _forgot(**more: str) -> str:
    can_mail = services().accounts.mails.can_send
    return flask.render_template("console/forgot.html", sent=False, can_mail=can_mail, **more)


def _reset(**more: str) -> str:
    return flask.render_template("console/reset.html", token=flask.request.values.get("token", "")[:200], **more)
