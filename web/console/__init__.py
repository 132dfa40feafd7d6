"""The console: server-rendered pages for agents and operators, usable by keyboard and on a phone."""

from flask import Flask

from web.console import (
    access,
    accounts,
    callbacks,
    connecting,
    conversations,
    due_times,
    entrance,
    health,
    helpdesks,
    knowledge,
    mailboxes,
    onboarding,
    people,
    quality,
    reports,
    session,
    settings,
    sign_on,
    sources,
    suggestions,
    voice,
)
from web.console.site import blueprint, problem_page
from web.http.limits import AddressLimiter

PAGES = (
    entrance,
    conversations,
    due_times,
    onboarding,
    knowledge,
    sources,
    suggestions,
    voice,
    quality,
    reports,
    callbacks,
    helpdesks,
    mailboxes,
    people,
    accounts,
    sign_on,
    connecting,
    settings,
    access,
    health,
)

#: Logins from one address per minute and web process: checking a password takes a tenth of a second of CPU time.
_LOGIN_LIMITS = ((30, 60.0),)

session.init_app(blueprint)


def init_app(app: Flask) -> None:
    """Add `/console`."""
    app.register_blueprint(blueprint)
    app.extensions["answerback_problem_page"] = problem_page
    app.extensions["answerback_logins"] = AddressLimiter(_LOGIN_LIMITS)
