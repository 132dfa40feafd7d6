"""The context of every request: id, duration, log line, trace, CORS and security headers."""

import re
import secrets
import time
from contextlib import ExitStack

import flask
from flask import Flask, Response

from web.http.api import services
from worker.settings import Settings
from worker.telemetry import logs, tracing

log = logs.get(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_QUIET = {"/healthz", "/readyz", "/metrics"}


def init_app(app: Flask, settings: Settings) -> None:
    """Add the context to the requests of `app`."""
    if origins := {*settings.cors_origins, *settings.widget_origins}:
        from flask_cors import CORS

        CORS(
            app,
            origins=sorted(origins),
            allow_headers=[
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "Last-Event-ID",
                "Prefer",
                "X-Request-ID",
            ],
            expose_headers=[
                *("Location", "Preference-Applied", "RateLimit", "RateLimit-Policy", "Retry-After"),
                *("X-Process-Time", "X-Request-ID"),
            ],
            max_age=600,
        )
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def _begin() -> None:
    flask.g.began = time.perf_counter()
    given = flask.request.headers.get("X-Request-ID", "")
    flask.g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
    logs.bind(request_id=flask.g.request_id)
    rule = flask.request.url_rule
    if tracing.on() and rule is not None and rule.rule not in _QUIET:
        flask.g.traced = ExitStack()
        flask.g.span = flask.g.traced.enter_context(
            tracing.span(
                f"{flask.request.method} {rule.rule}",
                parent=flask.request.headers.get("traceparent"),
                kind=tracing.SpanKind.SERVER,
                request_id=flask.g.request_id,
            )
        )
    if not flask.request.path.isprintable():  # no id has such characters, and databases reject them
        flask.abort(404)


def _end(response: Response) -> Response:
    spent = time.perf_counter() - flask.g.get("began", time.perf_counter())
    response.headers["X-Request-ID"] = flask.g.get("request_id", "")
    response.headers["X-Process-Time"] = f"{spent:.6f}"
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    if "span" in flask.g:
        flask.g.span.set_attribute("status", response.status_code)
        if response.status_code >= 500:
            tracing.failed(flask.g.span, str(response.status_code))
    rule = flask.request.url_rule
    if rule is not None and rule.rule not in _QUIET:
        counters = services().counters
        counters.add("requests", method=flask.request.method, route=rule.rule, status=str(response.status_code))
        counters.observe("request_seconds", spent, route=rule.rule)
    if flask.request.path not in _QUIET:
        log.info(
            "request",
            method=flask.request.method,
            path=flask.request.path,
            status=response.status_code,
            ms=round(spent * 1000, 2),
        )
    return response


def _forget(_error: BaseException | None) -> None:
    if "traced" in flask.g:
        flask.g.traced.close()
    logs.unbind()
