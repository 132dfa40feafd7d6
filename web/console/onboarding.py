"""The first steps of a new workspace, on the start page of whoever administers it."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from web.console.site import REFUSALS, Page, blueprint, given, refused, to
from web.http.api import services
from web.http.auth import needs
from web.schemas.conversations import MAX_CONTENT
from worker import onboarding
from worker.access.permissions import Permission
from worker.conversations.intake import Opening, Submission
from worker.errors import Invalid
from worker.onboarding import OnboardingStep

_MAX_QUESTION = min(2_000, MAX_CONTENT)


def open_steps() -> dict[str, Any] | None:
    """Return the first steps for the start page; None once they are over, and for who may not take them."""
    if flask.g.session is None or not flask.g.principal.may(Permission.ADMINISTER):
        return None
    found = onboarding.steps(services().store, flask.g.principal.workspace_id)
    if onboarding.is_over(found):
        return None
    current = next(step for step, state in found.items() if state == "open")
    return {"steps": found, "current": current, "done": sum(state != "open" for state in found.values())}


@blueprint.post("/welcome/question")
@needs(Permission.ADMINISTER)
def ask_first() -> Page | Response:
    """Ask the bot a question as a customer would, in a conversation of its own."""
    from web.console.conversations import start_page

    session, deps = flask.g.session, services()
    try:
        question = given("question", most=_MAX_QUESTION)
        if not question:
            raise Invalid("Write a question.", field="question")
        name = session.principal.name if session is not None else None
        opening = Opening(channel=onboarding.CONSOLE_CHANNEL, requester={"name": name} if name else None)
        submission = Submission(content=question, deadline_s=deps.settings.deadline_s)
        made = deps.actions.submit(flask.g.principal.workspace_id, opening, submission)
    except REFUSALS as error:
        return refused(error, start_page)
    return to("conversation", conversation_id=made["conversation_id"])


@blueprint.post("/welcome/skip/<any(knowledge, question, colleague, channel):step>")
@needs(Permission.ADMINISTER)
def skip_step(step: str) -> Response:
    """Leave one of the first steps out."""
    onboarding.skip(services().store, flask.g.principal.workspace_id, OnboardingStep(step))
    return to("inbox")
