"""Single sign-on: to the OpenID provider and back, and out of it."""

import json

import flask
from werkzeug.wrappers import Response

from web.console.session import client, log_in, open_to_all, set_cookie, target
from web.console.site import Page, blueprint
from web.http.api import services
from worker.accounts.errors import NoWorkspace
from worker.accounts.openid import ProviderUnavailable, SignOn, SignOnRefused
from worker.accounts.single_sign_on import SingleSignOn
from worker.errors import NotFound
from worker.telemetry import logs

log = logs.get(__name__)

#: Holds a login that is at the provider: state, nonce and the verifier of PKCE.
_COOKIE = "answerback_sign_on"
_COOKIE_S = 900
_PATH = "/console/sso"


@blueprint.get("/sso")
@open_to_all
def begin_sign_on() -> Response | Page:
    """Send the browser to the provider."""
    try:
        url, signing_on = _single_sign_on().provider.begin()
    except ProviderUnavailable as error:
        return _refused(str(error), 503)
    response = flask.redirect(url, 303)
    kept = {**vars(signing_on), "next": target(flask.request.args.get("next", ""))}
    set_cookie(response, _COOKIE, json.dumps(kept), max_age=_COOKIE_S, path=_PATH)
    return response


@blueprint.get("/sso/callback")
@open_to_all
def sign_on() -> Response | Page:
    """Log in whom the provider sends back."""
    single_sign_on = _single_sign_on()
    try:
        kept = json.loads(flask.request.cookies.get(_COOKIE, ""))
        signing_on = SignOn(**{name: str(kept[name]) for name in ("state", "nonce", "verifier")})
    except (ValueError, KeyError, TypeError):
        return _refused("This login was not begun in this browser, or took too long. Try again.", 401)
    try:
        identity = single_sign_on.provider.finish(signing_on, flask.request.args)
        entered = single_sign_on.enter(identity, client=client())
    except (SignOnRefused, NoWorkspace) as error:
        log.warning("login_refused", view=flask.request.endpoint, address=flask.request.remote_addr, code=error.code)
        return _refused(str(error), 401)
    except ProviderUnavailable as error:
        return _refused(str(error), 503)
    response = log_in(entered, to=str(kept.get("next", "")))
    response.delete_cookie(_COOKIE, path=_PATH)
    principal = flask.g.principal
    services().audit_log.record(  # a redirect back is a GET, which the audit of requests leaves out
        principal.workspace_id,
        action="console.sign_on",
        via="console",
        account_id=principal.account_id,
        actor=principal.name,
        request_id=flask.g.request_id,
    )
    return response


@blueprint.get("/sso/logout")
@open_to_all
def sign_off() -> Response | Page:
    """Send the browser to the provider to log out there as well."""
    login = f"{services().settings.console_address}/login"
    try:
        return flask.redirect(_single_sign_on().provider.logout_url(login) or login, 303)
    except ProviderUnavailable as error:
        return _refused(str(error), 503)


def _single_sign_on() -> SingleSignOn:
    found = services().accounts.single_sign_on
    if found is None:
        raise NotFound("Single sign-on is not set up.")
    return found


def _refused(problem: str, status: int) -> tuple[str, int]:
    page = flask.render_template(
        "console/login.html", problem=problem, next="", typed_email="", with_key=False, settings=services().settings
    )
    return page, status
