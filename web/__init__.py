"""The web front: it accepts requests and reads results; it never waits for a model."""

import threading

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from web import console, openapi, widget
from web.assistants import mcp
from web.http import auditing, auth, context, limits, problems
from web.http.api import ProblemApi
from web.operations import health, metrics
from web.streaming.streams import Streams
from worker.services.front import build_front
from worker.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application; without `settings`, they come from the environment."""
    settings = settings or Settings.from_env()
    app = Flask("answerback", static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        MAX_FORM_MEMORY_SIZE=settings.max_body_bytes,
        API_TITLE="Answerback",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=None,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    if settings.proxies:
        proxied = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)
        app.wsgi_app = proxied  # type: ignore[method-assign]
    front = app.extensions["answerback"] = build_front(settings)
    app.extensions["answerback_waiters"] = threading.Semaphore(max(1, settings.web_threads * 3 // 4))

    app.extensions["answerback_streams"] = Streams(
        front.store, front.wakeups, front.counters, max_total=settings.streams, max_per_key=settings.streams_of_key
    )

    # Order matters: a request gets its id first, then its principal, then its rate limit.
    context.init_app(app, settings)
    auth.init_app(app)
    limits.init_app(app, settings)
    auditing.init_app(app)
    problems.init_app(app)
    api = ProblemApi(app)
    _register(api)
    health.init_app(app, settings)
    metrics.init_app(app, settings)
    console.init_app(app)
    widget.init_app(app, settings)
    mcp.init_app(app)
    if settings.openapi:
        openapi.init_app(app, api)
    return app


def _register(api: ProblemApi) -> None:
    from web.assistants import chat, responses
    from web.conversations import attachments, conversations, customers, escalations, messages, tickets, tool_calls
    from web.integrations import deliveries, endpoints, events, helpdesks, mailboxes
    from web.knowledge import answers, documents, imports, search, snapshots, sources, suggestions
    from web.operations import accounts, audit, categories, quality, reports, settings, status, usage, voice

    for module in (
        tickets,
        conversations,
        messages,
        attachments,
        documents,
        imports,
        sources,
        snapshots,
        suggestions,
        search,
        answers,
        chat,
        responses,
        endpoints,
        deliveries,
        events,
        helpdesks,
        mailboxes,
        escalations,
        tool_calls,
        customers,
        usage,
        quality,
        reports,
        audit,
        accounts,
        status,
        categories,
        voice,
        settings,
    ):
        api.register_blueprint(module.blueprint, url_prefix="/v1")
