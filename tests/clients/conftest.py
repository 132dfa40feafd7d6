"""A server that sends what the test wrote down, and one that runs the whole product for the stories of both clients."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from answerback_client import _retries


class ScriptedServer(ThreadingHTTPServer):
    """Sends the responses of a script in order: status, JSON and headers each, or None to drop the connection."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[tuple[int, Any, dict[str, str]] | None] = []
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def sends(self, *script: Any) -> None:
        self.script = [one if one is None or isinstance(one, tuple) else (200, one, {}) for one in script]

    @property
    def keys(self) -> list[str | None]:
        return [headers.get("Idempotency-Key") for _, _, headers, _ in self.requests]


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer

    def respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        found = self.server.script.pop(0)
        if found is None:
            self.close_connection = True
            self.connection.close()
            return
        status, payload, headers = found
        content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = respond

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # dropped on purpose
            super().finish()

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet."""


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A server that sends what the test wrote down; a client pauses for milliseconds only."""
    monkeypatch.setattr(_retries, "_FIRST_PAUSE_S", 0.002)
    server = ScriptedServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
