"""The audit of requests: each request by which an operator changes something becomes an entry of the audit log.

A view whose response has no `id` of the created object sets `flask.g.made`; one that knows which values it
changed sets `flask.g.changes`.
"""

import flask
from flask import Flask, Response

from web.http.api import services
from worker.errors import AnswerbackError
from worker.telemetry import logs

log = logs.get(__name__)

#: Views that clients call as a matter of course, and POSTs that change nothing.
NOT_OPERATORS = {
    "answers.answer",
    "attachments.add",
    "chat.complete",
    "console.edit_voice",
    "console.leave",
    "console.review_settings",
    "conversations.make_token",
    "conversations.open_conversation",
    "conversations.submit",
    "customers.remember",
    "mcp.exchange",
    "messages.rate",
    "responses.respond",
    "search.search",
    "tickets.submit",
    "widget.begin",
}

_CHANGES = ("POST", "PUT", "PATCH", "DELETE")


def init_app(app: Flask) -> None:
    """Record the changes that requests make from now on."""
    app.after_request(_record)


def _record(response: Response) -> Response:
    request, endpoint = flask.request, flask.request.endpoint
    principal = flask.g.get("principal")
    done = request.method in _CHANGES and response.status_code < 400
    if not done or principal is None or principal.conversation_id is not None or endpoint in NOT_OPERATORS:
        return response
    arguments = dict(request.view_args or {})
    action = arguments.pop("action", None)
    group, _, view = str(endpoint).partition(".")
    made = response.get_json(silent=True) if response.is_json else None
    subject = flask.g.get("made") or next(iter(arguments.values()), None)
    if subject is None and isinstance(made, dict):
        subject = made.get("id")
    try:
        services().audit_log.record(
            principal.workspace_id,
            action=f"{group}.{action or view}",
            via="console" if group == "console" else "api",
            subject=subject,
            key_id=principal.key_id,
            account_id=principal.account_id,
            actor=principal.name,
            request_id=flask.g.request_id,
            changes=flask.g.get("changes"),
        )
    except AnswerbackError as error:  # the change is committed, and the log of requests has it
        log.error("audit_not_written", code=error.code, action=endpoint)
    return response
