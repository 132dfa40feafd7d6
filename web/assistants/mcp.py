"""The Model Context Protocol: other assistants search, ask and write tickets with a key of the API."""

import flask
import httpx
from flask import Flask, Response

from web.http.auth import needs
from worker.access.permissions import Permission
from worker.errors import NotInstalled


def init_app(app: Flask) -> None:
    """Serve the protocol at `/mcp`."""
    app.add_url_rule("/mcp", "mcp.exchange", exchange, methods=["POST"])


@needs(Permission.READ)
def exchange() -> Response:
    """Answer one request; its tools call the API with the caller's key."""
    try:
        from worker.mcp.api import Api
        from worker.mcp.http import respond
        from worker.mcp.server import build_server
    except ImportError as error:
        raise NotInstalled(
            "The Model Context Protocol needs the extra `mcp`: pip install 'answerback[mcp]'", cause=str(error)
        ) from error

    app = flask.current_app._get_current_object()  # type: ignore[attr-defined]
    request = flask.request
    key = request.headers["Authorization"]
    with httpx.Client(
        transport=httpx.WSGITransport(app=app, remote_addr=request.remote_addr or "127.0.0.1"),
        base_url="http://localhost",
        headers={"Authorization": key},
    ) as client:
        status, headers, body = respond(
            build_server(Api(client)),
            headers=dict(request.headers),
            body=request.get_data(),
            max_bytes=app.config["MAX_CONTENT_LENGTH"],
        )
    return Response(body, status=status, headers=headers)
