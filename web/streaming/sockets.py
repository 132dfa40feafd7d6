"""WebSockets: a conversation's events out, the customer's messages in, over one connection."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from kb.errors import KnowledgeError
from web.http.accepting import key_in
from web.http.api import parse_json
from web.schemas.conversations import MAX_CONTENT
from web.schemas.fields import Text
from web.streaming.feeds import Told
from web.streaming.streams import MAX_A_MINUTE
from worker.access.keys import Principal
from worker.conversations.intake import Submission, fingerprint
from worker.errors import AnswerbackError
from worker.services import Services
from worker.telemetry import logs, tracing

log = logs.get(__name__)

#: Frames that one connection may send in a minute: messages in pieces, pings, pongs.
_MAX_FRAMES = 3_000

#: Headers of the response that a WebSocket's has too.
_KEPT = ("X-Request-ID", "X-Process-Time")

#: What a client may send in one message, in characters.
_MAX_CHARACTERS = 128 * 1024


class SocketMessage(ma.Schema):
    """What a client sends: a customer's message; `ref` comes back with what became of it, and makes it count once."""

    type = fields.String(required=True, validate=validate.Equal("message"))
    content = Text(most=MAX_CONTENT, required=True)
    ref = Text(most=100)
    attachments = fields.List(Text(most=64), validate=validate.Length(max=10))


_SCHEMA = SocketMessage()


class WebSocketWire:
    """Speaks RFC 6455 (`wsproto`): turns events into frames, and what comes into answers and texts."""

    def __init__(self, headers: Iterable[tuple[str, str]], path: str) -> None:
        """Take the request that asks for it.

        Raises:
            ValueError: it does not.
        """
        self._connection = WSConnection(ConnectionType.SERVER)
        try:
            sent = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            self._connection.initiate_upgrade_connection(sent, path)
        except (RemoteProtocolError, LocalProtocolError) as error:
            raise ValueError(str(error)) from error
        if not any(isinstance(one, Request) for one in self._connection.events()):
            raise ValueError("it asks for no WebSocket")
        self._text = ""
        self._since, self._frames = time.monotonic(), 0

    def head(self, headers: Iterable[tuple[str, str]]) -> bytes:
        """Return the answer to the request."""
        more = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers if name in _KEPT]
        return self._connection.send(AcceptConnection(extra_headers=more))

    def told(self, events: Sequence[Told]) -> bytes:
        """Return events as messages of JSON text."""
        return b"".join(self._send(TextMessage(data=one.json)) for one in events)

    def heartbeat(self) -> bytes:
        """Return a ping."""
        return self._send(Ping())

    def farewell(self) -> bytes:
        """Return the beginning of the end; the client comes back when it wants more."""
        return self._send(CloseConnection(code=CloseReason.GOING_AWAY))

    def received(self, data: bytes) -> tuple[bytes, list[str], bool]:
        """Return what is to be sent for what came, the texts in it, and whether this is the end."""
        answer, texts = b"", list[str]()
        try:
            self._connection.receive_data(data)
            for one in self._connection.events():
                if self._floods():
                    refusal = CloseConnection(code=CloseReason.POLICY_VIOLATION, reason="too many frames")
                    return answer + self._send(refusal), texts, True
                if isinstance(one, TextMessage):
                    self._text += one.data
                    if len(self._text) > _MAX_CHARACTERS:
                        return answer + self._send(CloseConnection(code=CloseReason.MESSAGE_TOO_BIG)), texts, True
                    if one.message_finished:
                        texts.append(self._text)
                        self._text = ""
                elif isinstance(one, BytesMessage):
                    refusal = CloseConnection(code=CloseReason.UNSUPPORTED_DATA, reason="send JSON as text")
                    return answer + self._send(refusal), texts, True
                elif isinstance(one, CloseConnection):
                    return answer + self._send(one.response()), texts, True
                elif isinstance(one, Ping):
                    answer += self._send(one.response())
        except RemoteProtocolError as error:
            hint = error.event_hint
            return answer + (self._send(hint) if isinstance(hint, CloseConnection) else b""), texts, True
        return answer, texts, False

    def _floods(self) -> bool:
        """Count a frame; whether there are too many of them."""
        now = time.monotonic()
        if now - self._since > 60:
            self._since, self._frames = now, 0
        self._frames += 1
        return self._frames > _MAX_FRAMES

    def _send(self, event: Event) -> bytes:
        try:
            return self._connection.send(event)
        except LocalProtocolError:  # it is closing: nothing may be said any more
            return b""


class Sender:
    """Takes in what one client sends: each message once, and not too many of them."""

    def __init__(
        self,
        built: Services,
        principal: Principal,
        conversation_id: str,
        *,
        request_id: str,
        may_say: Callable[[str], bool],
        valid: Callable[[], bool],
        may_see: Callable[[dict[str, Any]], dict[str, Any]] | None,
    ) -> None:
        """`may_say` counts messages of a conversation, `valid` says whether the client still may do what it does."""
        self._built = built
        self._principal = principal
        self._conversation_id = conversation_id
        self._request_id = request_id
        self._may_see = may_see
        self._may_say = may_say
        self._valid = valid

    def take_in(self, text: str) -> list[Told]:
        """Do what a client's message asks for; return what it is told of it: `accepted` or `error`, with its `ref`."""
        with tracing.span("socket message", kind=tracing.SpanKind.SERVER, conversation_id=self._conversation_id):
            return self._taken_in(text)

    def _taken_in(self, text: str) -> list[Told]:
        ref = None
        if not self._may_say(self._conversation_id):
            return [_refusal(ref, "rate_limited", f"At most {MAX_A_MINUTE} messages a minute.")]
        try:
            value = parse_json(text.encode("utf-8", "surrogatepass"))
            if not isinstance(value, dict):
                raise ValueError("a message is a JSON object")
            ref = value.get("ref") if isinstance(value.get("ref"), str) else None
            new: dict[str, Any] = _SCHEMA.load(value)
            customer = self._principal.conversation_id is not None
            if not self._valid() or not (customer or {"write", "admin"} & self._principal.scopes):
                return [_refusal(ref, "forbidden", "This key or token may not write here, or no longer.")]
            return [Told(id="", type="accepted", data={"ref": ref, "message": self._submit(new)})]
        except ma.ValidationError as error:
            return [_refusal(ref, "invalid", json.dumps(error.messages))]
        except ValueError as error:
            return [_refusal(ref, "malformed", f"The message is not valid JSON: {error}")]
        except (AnswerbackError, KnowledgeError) as error:
            return [_refusal(ref, error.code, str(error))]
        except Exception:
            log.exception("socket_message_failed")
            return [_refusal(ref, "internal", "Something failed that was not foreseen; send it again.")]

    def _submit(self, new: dict[str, Any]) -> dict[str, Any]:
        built, talk = self._built, self._conversation_id
        key = key_in(talk, new["ref"]) if "ref" in new else None
        accepted = built.intake.accept(
            self._principal.workspace_id,
            talk,
            Submission(
                content=new["content"],
                deadline_s=built.settings.deadline_s,
                idempotency_key=key,
                fingerprint=fingerprint(talk, new) if key is not None else None,
                request_id=self._request_id,
                key_id=self._principal.key_id,
                attachments=tuple(dict.fromkeys(new.get("attachments", ()))),
            ),
        )
        if accepted.hint:
            built.hints.drain(talk)
        built.wakeups.send(talk)
        return self._may_see(accepted.message) if self._may_see is not None else accepted.message


def _refusal(ref: str | None, code: str, detail: str) -> Told:
    return Told(id="", type="error", data={"ref": ref, "code": code, "detail": detail})
