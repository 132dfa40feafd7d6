"""Where people are told of handoffs: a small Slack over real HTTP, after its reference, and a real mail server."""

import contextlib
import hashlib
import hmac
import html
import json
import ssl
import time
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from tests.support.helpdesks import SECRET, TOKEN, FakeDesk, Refused
from tests.support.processes import free_port

CHANNEL = "C0HANDOFF"


class FakeSlack(FakeDesk):
    """One channel. `trouble` as of every helpdesk, and `error` of Slack: a 200 that says that it failed."""

    kind = "slack"

    def __init__(self):
        super().__init__()
        self.messages: list[dict[str, Any]] = []
        self.member = True

    def options(self) -> dict[str, str]:
        return {"channel": CHANNEL}

    def handle_call(self, method: str, path: str, headers: Any, body: Any) -> Any:
        parts = urlsplit(path)
        name, query = parts.path.removeprefix("/api/"), parse_qs(parts.query)
        self.calls.append(name)
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return {"ok": False, "error": "invalid_auth"}
        if name == "auth.test":
            return {"ok": True, "team": "Shop", "user": "answerback"}
        channel = body["channel"] if body else query["channel"][0]
        if channel != CHANNEL:
            return {"ok": False, "error": "channel_not_found"}
        if name == "conversations.info":
            return {"ok": True, "channel": {"id": channel, "name": "desk", "is_member": self.member}}
        if name == "conversations.history":
            return {"ok": True, "messages": [one for one in self.messages if "thread_ts" not in one][::-1]}
        if name == "conversations.replies":
            thread = query["ts"][0]
            return {
                "ok": True,
                "messages": [one for one in self.messages if thread in (one["ts"], one.get("thread_ts"))],
            }
        if name == "chat.postMessage" and method == "POST":
            return self._post(body)
        return {"ok": False, "error": "unknown_method"}

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        trouble = self.trouble.pop(0) if self.trouble else ""
        if trouble == "limit":
            raise Refused(429, **{"Retry-After": "30"})
        if trouble == "error":
            return {"ok": False, "error": "internal_error"}
        if not self.member:
            return {"ok": False, "error": "not_in_channel"}
        if not body.get("text"):
            return {"ok": False, "error": "no_text"}
        if len(body["text"]) > 40_000:
            return {"ok": False, "error": "msg_too_long"}
        made = self.add(body["text"], thread=body.get("thread_ts"), bot_id="B1", metadata=body.get("metadata"))
        if "reply_broadcast" in body:
            made["reply_broadcast"] = body["reply_broadcast"]
        if trouble == "lost":
            raise ConnectionResetError
        return {"ok": True, "channel": CHANNEL, "ts": made["ts"], "message": made}

    def add(self, text: str, *, thread: str | None = None, **more: Any) -> dict[str, Any]:
        with self.guard:
            self._ids += 1
            made = {"type": "message", "ts": f"1763900000.{self._ids:06d}", "text": text, "user": "U7", **more}
            if thread is not None:
                made["thread_ts"] = thread
            self.messages.append(made)
            return made

    @property
    def texts(self) -> list[str]:
        return [html.unescape(one["text"]) for one in self.messages]

    def event(self, message: dict[str, Any], *, at: float | None = None, **more: Any) -> tuple[bytes, dict[str, str]]:
        """Return what Slack sends of a message: body and headers."""
        payload = {
            "type": "event_callback",
            "event_id": f"Ev{message['ts']}",
            "event": {**message, "channel": CHANNEL},
            **more,
        }
        return self.sign(json.dumps(payload).encode(), at=at)

    def sign(self, body: bytes, *, at: float | None = None) -> tuple[bytes, dict[str, str]]:
        stamp = str(int(time.time() if at is None else at))
        name = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        headers = {"X-Slack-Signature": f"v0={name}", "X-Slack-Request-Timestamp": stamp}
        return body, {"Content-Type": "application/json", **headers}


class Mailbox:
    """A mail server on loopback.

    `refusals` are answers to the next mails, such as `451 later`; `recipients` are answers to addresses by address.
    """

    def __init__(self, *, password: str | None = None, tls: ssl.SSLContext | None = None):
        self.tls = tls
        self.secured: list[bool] = []
        self.parting, self.refused = "", ""
        self.recipients: dict[str, str] = {}
        self.receivers: list[list[str]] = []
        self.mails: list[Any] = []
        self.refusals: list[str] = []
        self._password = password

    async def handle_RCPT(
        self, _server: SMTP, _session: Any, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address == self.refused:
            return "550 no such mailbox"
        if address in self.recipients:
            return self.recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 well"

    async def handle_QUIT(self, _server: SMTP, _session: Any, _envelope: Envelope) -> str:
        return self.parting or "221 bye"

    async def handle_DATA(self, _server: SMTP, session: Any, envelope: Envelope) -> str:
        self.secured.append(session.ssl is not None)
        if self.refusals:
            return self.refusals.pop(0)
        assert isinstance(envelope.content, bytes)
        self.receivers.append(list(envelope.rcpt_tos))
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 kept"

    def _login(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(handled=False, success=data.login == b"desk" and data.password.decode() == self._password)

    @contextlib.contextmanager
    def serving(self):
        """Listen; yields the URL for ANSWERBACK_SMTP_URL."""
        checks = {"authenticator": self._login, "auth_required": True, "auth_require_tls": False}
        if self.tls is not None:
            checks |= {"tls_context": self.tls, "require_starttls": True, "auth_require_tls": True}
        controller = Controller(self, hostname="127.0.0.1", port=free_port(), **(checks if self._password else {}))
        controller.start()
        try:
            user = f"desk:{self._password}@" if self._password else ""
            yield f"smtp://{user}127.0.0.1:{controller.port}"
        finally:
            controller.stop()
