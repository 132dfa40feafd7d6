"""The operators' pages: server-rendered, usable by keyboard and on a phone; no script or style but ours."""

from flask import Flask

from web.console import access, callbacks, conversations, entrance, health, helpdesks, knowledge, quality, session
from web.console.site import blueprint, problem_page
from web.http.limits import Door

PAGES = (entrance, conversations, knowledge, quality, callbacks, helpdesks, access, health)

#: Logins from one address at one web process, in a minute: a wrong password costs a tenth of a second of a processor.
_LOGINS = ((30, 60.0),)

session.init_app(blueprint)


def init_app(app: Flask) -> None:
    """Add `/console`."""
    app.register_blueprint(blueprint)
    app.extensions["answerback_problem_page"] = problem_page
    app.extensions["answerback_logins"] = Door(_LOGINS)
