"""Login and logout."""

import flask
from werkzeug.wrappers import Response

from web.console.session import log_in, log_out
from web.console.site import Page, blueprint, given
from worker.errors import Invalid, KeyRefused, TriedTooOften


@blueprint.get("/login")
def login() -> str:
    """Show the login page."""
    return flask.render_template("console/login.html", next=flask.request.args.get("next", ""), problem=None)


@blueprint.post("/login")
def enter() -> Response | Page:
    """Log in."""
    try:
        if not flask.current_app.extensions["answerback_logins"].allow(flask.request.remote_addr or ""):
            raise TriedTooOften("Too many login attempts from this address. Try again in a minute.")
        return log_in(key=given("key"), login=given("login"), password=flask.request.form.get("password", ""))
    except KeyRefused:
        status = 401
        problem = "This API key is unknown or revoked." if given("key") else "Incorrect login or password."
    except TriedTooOften as error:
        status, problem = 429, str(error)
    except Invalid as error:
        status, problem = 422, str(error)
    page = flask.render_template(
        "console/login.html",
        next=flask.request.form.get("next", ""),
        problem=problem,
        typed_login=flask.request.form.get("login", "")[:200],
    )
    return page, status


@blueprint.post("/logout")
def leave() -> Response:
    """Log out."""
    return log_out()
