"""OpenID providers for tests: npm's certified `oidc-provider`, and one that answers as a test tells it to."""

import base64
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import flask
import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

from tests.support.processes import ROOT, answers, free_port, wait_for

#: Where `make openid` installs the provider.
FOLDER = ROOT / ".openid"

SECRET = "a secret of the client"


@contextlib.contextmanager
def npm_provider(callback: str) -> Iterator[str]:
    """Run npm's `oidc-provider` for a client with this callback; yields the issuer."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules" / "oidc-provider").exists():
        if "openid" in os.environ.get("TEST_REQUIRE", "").split(","):
            pytest.fail("openid is required but not on this machine: make openid")
        pytest.skip("no OpenID provider on this machine: make openid")
    port = free_port()
    script = ROOT / "tests" / "support" / "openid_provider.mjs"
    command = [node, str(script), str(FOLDER), str(port), callback]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            issuer = f"http://127.0.0.1:{port}"
            wait_for(lambda: answers(f"{issuer}/.well-known/openid-configuration"), what="the OpenID provider")
            yield issuer
        finally:
            process.terminate()


def log_in_there(url: str, name: str) -> str:
    """Log in at npm's provider as a person does, and consent; return the address that it sends the browser back to."""
    with httpx.Client(timeout=30) as browser:
        issuer = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        for _step in range(10):
            answer = browser.get(url)
            if answer.is_redirect:
                url = urljoin(url, answer.headers["Location"])
            else:
                action = re.search(r'action="([^"]+)"', answer.text)[1]
                form = {"prompt": re.search(r'name="prompt" value="(\w+)"', answer.text)[1]}
                form |= {"login": name, "password": "any"} if form["prompt"] == "login" else {}
                url = urljoin(url, browser.post(urljoin(url, action), data=form).headers["Location"])
            if not url.startswith(issuer):
                return url
    raise AssertionError(f"no end at {url}")


@dataclass
class Provider:
    """A provider that logs `claims` in without a question, and whose answers a test can spoil.

    Attributes:
        spoil: replaces claims of the ID token; None leaves one out.
        header: replaces the header of the ID token.
        key: signs the ID token; `published` is the one that clients find.
    """

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "1", "email": "ada@shop.example"})
    userinfo: dict[str, Any] | None = None
    spoil: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256"})
    metadata: dict[str, Any] = field(default_factory=dict)
    down: bool = False
    published: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    key: RSAKey | None = None
    requests: list[dict[str, str]] = field(default_factory=list)

    def back(self, url: str) -> dict[str, str]:
        """Return the parameters that the browser comes back with from the address that it was sent to."""
        location = httpx.get(url).headers["Location"]
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}

    @contextlib.contextmanager
    def serving(self) -> Iterator["Provider"]:
        """Listen on loopback."""
        server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self.issuer = f"http://127.0.0.1:{server.port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def _app(self) -> flask.Flask:
        app, asked = flask.Flask("provider"), {}

        @app.before_request
        def refuse():
            if self.down:
                flask.abort(503)

        @app.get("/.well-known/openid-configuration")
        def describe():
            paths = {
                "authorization_endpoint": "/auth",
                "token_endpoint": "/token",
                "jwks_uri": "/keys",
                "userinfo_endpoint": "/me",
                "end_session_endpoint": "/end",
            }
            if self.userinfo is None:
                del paths["userinfo_endpoint"]
            found = {name: self.issuer + path for name, path in paths.items()}
            return {"issuer": self.issuer, "id_token_signing_alg_values_supported": ["RS256"], **found, **self.metadata}

        @app.get("/auth")
        def authorize():
            asked["code"] = flask.request.args.to_dict()
            answer = {"code": "code", "state": flask.request.args["state"]}
            return flask.redirect(f"{flask.request.args['redirect_uri']}?{urlencode(answer)}")

        @app.post("/token")
        def issue():
            form, request = flask.request.form.to_dict(), asked.pop("code", None)
            self.requests.append({**form, "authorization": flask.request.headers.get("Authorization", "")})
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if request is None or challenge != request["code_challenge"] or request["code_challenge_method"] != "S256":
                return {"error": "invalid_grant"}, 400
            now = int(time.time())
            claims = {"iss": self.issuer, "aud": request["client_id"], "iat": now, "exp": now + 300}
            claims |= {"nonce": request["nonce"], **self.claims, **self.spoil}
            claims = {name: value for name, value in claims.items() if value is not None}
            token = jwt.encode(self.header, claims, self.key or self.published, algorithms=["RS256", "HS256", "none"])
            return {"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": token}

        @app.get("/keys")
        def keys():
            return {"keys": [self.published.as_dict(private=False)]}

        @app.get("/me")
        def me():
            return self.userinfo

        return app
