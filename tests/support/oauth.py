"""A provider of OAuth 2: exchanges refresh tokens as RFC 6749 has it, each for one use, and tells whose token it is."""

import itertools
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

REVOKED = "AADSTS50173: The provided grant has expired due to it being revoked.\r\nTrace ID: 1"


@dataclass
class OAuthProvider:
    """`users` by refresh and access token; `asked` are the forms that its token endpoint got."""

    refresh_tokens: dict[str, str] = field(default_factory=dict)
    access_tokens: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    down: bool = False
    delay_s: float = 0.0
    more: dict[str, Any] = field(default_factory=dict)
    pending: int = 0  # how often a consent on another device is not given yet

    def __post_init__(self) -> None:
        self._count = itertools.count()
        self._server: ThreadingHTTPServer | None = None

    def consent(self, user: str) -> str:
        """Return a refresh token for a user."""
        token = f"refresh-{next(self._count)}"
        self.refresh_tokens[token] = user
        return token

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def serve(self) -> str:
        """Listen, and return the URL for introspection; `url` + /token exchanges."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
                status, answer = provider.answer(self.path, form)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"{self.url}/introspect"

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer a request."""
        if path.startswith("/introspect"):
            user = self.access_tokens.get(form.get("token", ""))
            return 200, {"active": user is not None, "username": user}
        if path == "/devicecode":
            more = {"expires_in": 900, "interval": 0, "message": "Open https://device.example and enter ABCD-EFGH."}
            return 200, {"device_code": "device", "user_code": "ABCD-EFGH", "verification_uri": self.url, **more}
        self.asked.append(form)
        time.sleep(self.delay_s)
        if self.down:
            return 503, {"error": "temporarily_unavailable"}
        if form["grant_type"].endswith(":device_code"):
            if self.pending:
                self.pending -= 1
                return 400, {"error": "authorization_pending"}
            user: str | None = "device@desk.example"
        else:
            user = self.refresh_tokens.pop(form["refresh_token"], None)
        if user is None:
            return 400, {"error": "invalid_grant", "error_description": REVOKED}
        access = f"access-{next(self._count)}"
        self.access_tokens[access] = user
        tokens = {"access_token": access, "refresh_token": self.consent(user), "expires_in": 3600}
        return 200, {"token_type": "Bearer", **tokens, **self.more}

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
