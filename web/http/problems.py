"""Errors as RFC 9457 problem details. Only this module maps errors to status codes."""

import math
from collections.abc import Mapping
from typing import Any

import flask
import marshmallow as ma
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from kb.errors import DocumentTooLarge, DocumentUnreadable, KnowledgeError
from web.http.codes import doc_url
from worker import errors
from worker.accounts.errors import RoleTooHigh
from worker.addresses import AddressRefused
from worker.errors import AnswerbackError
from worker.helpdesks.protocol import WebhookPostponed, WebhookRefused
from worker.knowledge.search_service import NoWorker
from worker.secret_box import SecretsUnreadable
from worker.telemetry import logs
from worker.workspace_settings.workspace_settings import SettingsChanged

log = logs.get(__name__)

PROBLEM_JSON = "application/problem+json"

#: The HTTP status of each class of error; other classes have that of their nearest base class.
STATUS: dict[type[Exception], int] = {
    RoleTooHigh: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.IdempotencyMismatch: 422,
    SettingsChanged: 412,
    SecretsUnreadable: 503,
    errors.Invalid: 422,
    errors.KeyRefused: 401,
    errors.TriedTooOften: 429,
    WebhookPostponed: 429,
    WebhookRefused: 401,
    errors.DatabaseUnavailable: 503,
    NoWorker: 503,
    errors.NotInstalled: 501,
    AddressRefused: 422,
    DocumentTooLarge: 413,
    DocumentUnreadable: 422,
    KnowledgeError: 503,
}

#: Error codes for the HTTP errors that the framework raises.
_CODES = {
    400: "malformed",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "rate_limited",
    500: "internal",
    503: "unavailable",
}

_TYPES = {429: "https://iana.org/assignments/http-problem-types#quota-exceeded"}


class FieldProblem(ma.Schema):
    """An error in one field of the input."""

    field = ma.fields.String(required=True, metadata={"description": "path of the field, separated by dots"})
    message = ma.fields.String(required=True)


class Problem(ma.Schema):
    """An error."""

    type = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    detail = ma.fields.String(required=True)
    instance = ma.fields.String(required=True)
    code = ma.fields.String(required=True, metadata={"description": "stable identifier of the error"})
    request_id = ma.fields.String(required=True)
    doc_url = ma.fields.String(
        metadata={"description": "what the code means and what to do; absent where the server has no docs"}
    )
    errors = ma.fields.List(ma.fields.Nested(FieldProblem))


def init_app(app: Flask) -> None:
    """Respond to every error with a problem."""
    for kind in (AnswerbackError, KnowledgeError, HTTPException):
        app.register_error_handler(kind, lambda error: _response(problem_of(error)))
    app.register_error_handler(Exception, lambda error: _response(_unanticipated(error)))


def _response(problem: Response) -> Any:
    """Return a problem; in the console, as a page."""
    page = flask.current_app.extensions.get("answerback_problem_page")
    in_console = flask.request.path == "/console" or flask.request.path.startswith("/console/")
    return page(problem) if page is not None and in_console and problem.status_code >= 400 else problem


def problem(
    status: int,
    *,
    title: str,
    detail: str,
    code: str,
    fields: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error response."""
    body: dict[str, Any] = {
        "type": _TYPES.get(status, "about:blank"),
        "title": title,
        "status": status,
        "detail": detail,
        "instance": flask.request.path,
        "code": code,
        "request_id": flask.g.get("request_id", ""),
    }
    if "error_codes" in flask.current_app.view_functions and (url := doc_url(code)) is not None:
        body["doc_url"] = url
    if fields:
        body["errors"] = fields
    response = flask.make_response(flask.current_app.json.dumps(body), status)
    response.headers["Content-Type"] = PROBLEM_JSON
    response.headers.update(headers or {})
    return response


def problem_of(error: AnswerbackError | KnowledgeError | HTTPException) -> Response:
    """Return the response to an anticipated error."""
    return _of_http_error(error) if isinstance(error, HTTPException) else _anticipated(error)


def _anticipated(error: AnswerbackError | KnowledgeError) -> Response:
    status = next(STATUS[kind] for kind in (*type(error).__mro__, KnowledgeError) if kind in STATUS)
    wait_s = getattr(error, "retry_after_s", 2 if status == 503 else None)
    headers = {} if wait_s is None else {"Retry-After": str(math.ceil(wait_s))}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    if status >= 500:
        log.warning("request_refused", code=error.code, **getattr(error, "context", {}))
    problems = getattr(error, "problems_by_field", None)
    if problems is None and (field := getattr(error, "field", None)):
        problems = {field: str(error)}
    fields = [{"field": name, "message": message} for name, message in problems.items()] if problems else None
    return problem(status, title=_TITLES[status], detail=str(error), code=error.code, fields=fields, headers=headers)


def _of_http_error(error: HTTPException) -> Response:
    if error.response is not None:  # a redirect, or a response that the view built
        return flask.make_response(error.response)
    status = error.code or 500
    data = getattr(error, "data", {})
    fields = list(_flattened(data.get("messages") or {}))
    detail = (
        "; ".join(f"{field['field']}: {field['message']}" for field in fields[:5]) or error.description or error.name
    )
    headers = {name: value for name, value in error.get_headers() if name not in ("Content-Type", "Content-Length")}
    headers.update(data.get("headers") or {})
    code = data.get("code") or _CODES.get(status, error.name.lower().replace(" ", "_"))
    return problem(status, title=error.name, detail=detail, code=code, fields=fields, headers=headers)


def _unanticipated(error: Exception) -> Response:
    log.exception("request_failed", exc_info=error)
    return problem(
        500,
        title=_TITLES[500],
        detail="An internal error occurred; no partial change was saved. Please report the request id.",
        code="internal",
    )


_TITLES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Content Too Large",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}


def _flattened(messages: Any, path: tuple[str, ...] = ()) -> Any:
    """Yield field problems from marshmallow's nested messages, without the location (json, query …) at the top."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _flattened(
                inner, path if not path and name in ("json", "query", "files", "form") else (*path, str(name))
            )
    elif isinstance(messages, list):
        for inner in messages:
            yield from _flattened(inner, path)
    else:
        yield {"field": ".".join(path) or "body", "message": str(messages)}
