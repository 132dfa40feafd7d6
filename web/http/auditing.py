"""The record of what operators do: every request that changes anything, except those that messages come with.

A view whose response does not say what it made sets `flask.g.made`.
"""

import flask
from flask import Flask, Response

from web.http.api import services
from worker.errors import AnswerbackError
from worker.telemetry import logs

log = logs.get(__name__)

#: What clients do all day, and what changes nothing.
NOT_OPERATORS = {
    "attachments.add",
    "console.leave",
    "conversations.make_token",
    "conversations.open_conversation",
    "conversations.submit",
    "customers.remember",
    "messages.rate",
    "search.search",
    "tickets.submit",
    "widget.begin",
}

_CHANGES = ("POST", "PUT", "PATCH", "DELETE")


def init_app(app: Flask) -> None:
    """Keep what is done from now on."""
    app.after_request(_note)


def _note(response: Response) -> Response:
    request, endpoint = flask.request, flask.request.endpoint
    principal = flask.g.get("principal")
    done = request.method in _CHANGES and response.status_code < 400
    if not done or principal is None or principal.conversation_id is not None or endpoint in NOT_OPERATORS:
        return response
    given = dict(request.view_args or {})
    what = given.pop("what", None)
    group, _, view = str(endpoint).partition(".")
    made = response.get_json(silent=True) if response.is_json else None
    subject = flask.g.get("made") or next(iter(given.values()), None)
    if subject is None and isinstance(made, dict):
        subject = made.get("id")
    try:
        services().audit_log.note(
            principal.workspace_id,
            action=f"{group}.{what or view}",
            via="console" if group == "console" else "api",
            subject=subject,
            key_id=principal.key_id,
            request_id=flask.g.request_id,
        )
    except AnswerbackError as error:  # what was done is done, and the log of requests has it
        log.error("audit_not_kept", code=error.code, action=endpoint)
    return response
