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
from web.streaming.feeds import StreamEvent
from web.streaming.streams import MAX_PER_MINUTE
from worker.access.keys import Principal
from worker.conversations.actions import ConversationActions
from worker.conversations.intake import Submission, fingerprint
from worker.errors import AnswerbackError
from worker.telemetry import logs, tracing

log = logs.get(__name__)

#: Frames that one connection may send in a minute: parts of messages, pings, pongs.
_MAX_FRAMES = 3_000

#: Headers of the HTTP response that the response to a WebSocket request has too.
_KEPT_HEADERS = ("X-Request-ID", "X-Process-Time")

#: Characters of one message, as JSON.
_MAX_CHARACTERS = 128 * 1024


class SocketMessage(ma.Schema):
    """A customer's message. `ref` is returned with the response, and a repeated `ref` is accepted only once."""

    type = fields.String(required=True, validate=validate.Equal("message"))
    content = Text(most=MAX_CONTENT, required=True)
    ref = Text(most=100)
    attachments = fields.List(Text(most=64), validate=validate.Length(max=10))


_SCHEMA = SocketMessage()


class WebSocketFormat:
    """RFC 6455 by `wsproto`: turns events into frames, and received frames into messages and responses."""

    def __init__(self, headers: Iterable[tuple[str, str]], path: str) -> None:
        """Take the request that opens the WebSocket.

        Raises:
            ValueError: the request does not ask for a WebSocket, or is malformed.
        """
        self._connection = WSConnection(ConnectionType.SERVER)
        try:
            encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            self._connection.initiate_upgrade_connection(encoded, path)
        except (RemoteProtocolError, LocalProtocolError) as error:
            raise ValueError(str(error)) from error
        if not any(isinstance(event, Request) for event in self._connection.events()):
            raise ValueError("it asks for no WebSocket")
        self._text = ""
        self._minute_began, self._frames = time.monotonic(), 0

    def head(self, headers: Iterable[tuple[str, str]]) -> bytes:
        """Return the response to the request."""
        kept = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers if name in _KEPT_HEADERS]
        return self._connection.send(AcceptConnection(extra_headers=kept))

    def encode(self, events: Sequence[StreamEvent]) -> bytes:
        """Return events as JSON text messages."""
        return b"".join(self._send(TextMessage(data=event.json)) for event in events)

    def heartbeat(self) -> bytes:
        """Return a ping."""
        return self._send(Ping())

    def closing(self) -> bytes:
        """Return a close frame; the client reconnects if it wants more."""
        return self._send(CloseConnection(code=CloseReason.GOING_AWAY))

    def received(self, data: bytes) -> tuple[bytes, list[str], bool]:
        """Return the response to received bytes, the complete messages in them, and whether to close."""
        response, texts = b"", list[str]()
        try:
            self._connection.receive_data(data)
            for event in self._connection.events():
                if self._exceeds_frame_limit():
                    refusal = CloseConnection(code=CloseReason.POLICY_VIOLATION, reason="too many frames")
                    return response + self._send(refusal), texts, True
                if isinstance(event, TextMessage):
                    self._text += event.data
                    if len(self._text) > _MAX_CHARACTERS:
                        return response + self._send(CloseConnection(code=CloseReason.MESSAGE_TOO_BIG)), texts, True
                    if event.message_finished:
                        texts.append(self._text)
                        self._text = ""
                elif isinstance(event, BytesMessage):
                    refusal = CloseConnection(code=CloseReason.UNSUPPORTED_DATA, reason="send JSON as text")
                    return response + self._send(refusal), texts, True
                elif isinstance(event, CloseConnection):
                    return response + self._send(event.response()), texts, True
                elif isinstance(event, Ping):
                    response += self._send(event.response())
        except RemoteProtocolError as error:
            hint = error.event_hint
            return response + (self._send(hint) if isinstance(hint, CloseConnection) else b""), texts, True
        return response, texts, False

    def _exceeds_frame_limit(self) -> bool:
        """Count a frame; whether the client has sent too many in this minute."""
        now = time.monotonic()
        if now - self._minute_began > 60:
            self._minute_began, self._frames = now, 0
        self._frames += 1
        return self._frames > _MAX_FRAMES

    def _send(self, event: Event) -> bytes:
        try:
            return self._connection.send(event)
        except LocalProtocolError:  # the connection is closing: nothing more may be sent
            return b""


class SocketMessages:
    """Accepts the messages that one client sends over its WebSocket, each once and within the limits.

    Args:
        deadline_s: seconds within which its messages are to be answered.
        may_send: counts a message of a conversation; False beyond the limit per minute.
        valid: whether the key or token of the client is still valid.
        view: reduces an accepted message to the fields that the client may see; None for all.
    """

    def __init__(
        self,
        actions: ConversationActions,
        principal: Principal,
        conversation_id: str,
        *,
        deadline_s: float,
        request_id: str,
        may_send: Callable[[str], bool],
        valid: Callable[[], bool],
        view: Callable[[dict[str, Any]], dict[str, Any]] | None,
    ) -> None:
        self._actions = actions
        self._deadline_s = deadline_s
        self._principal = principal
        self._conversation_id = conversation_id
        self._request_id = request_id
        self._view = view
        self._may_send = may_send
        self._valid = valid

    def handle(self, text: str) -> list[StreamEvent]:
        """Accept a client's message; return `accepted` or `error`, with the `ref` of the message."""
        with tracing.span("socket message", kind=tracing.SpanKind.SERVER, conversation_id=self._conversation_id):
            return self._handled(text)

    def _handled(self, text: str) -> list[StreamEvent]:
        ref = None
        if not self._may_send(self._conversation_id):
            return [_error(ref, "rate_limited", f"At most {MAX_PER_MINUTE} messages a minute.")]
        try:
            value = parse_json(text.encode("utf-8", "surrogatepass"))
            if not isinstance(value, dict):
                raise ValueError("a message is a JSON object")
            ref = value.get("ref") if isinstance(value.get("ref"), str) else None
            new: dict[str, Any] = _SCHEMA.load(value)
            customer = self._principal.conversation_id is not None
            if not self._valid() or not (customer or {"write", "admin"} & self._principal.scopes):
                return [_error(ref, "forbidden", "This key or token may not write to the conversation.")]
            return [StreamEvent(id="", type="accepted", data={"ref": ref, "message": self._submit(new)})]
        except ma.ValidationError as error:
            return [_error(ref, "invalid", json.dumps(error.messages))]
        except ValueError as error:
            return [_error(ref, "malformed", f"The message is not valid JSON: {error}")]
        except (AnswerbackError, KnowledgeError) as error:
            return [_error(ref, error.code, str(error))]
        except Exception:
            log.exception("socket_message_failed")
            return [_error(ref, "internal", "An internal error occurred; send the message again.")]

    def _submit(self, new: dict[str, Any]) -> dict[str, Any]:
        conversation_id = self._conversation_id
        key = key_in(conversation_id, new["ref"]) if "ref" in new else None
        message = self._actions.accept(
            self._principal.workspace_id,
            conversation_id,
            Submission(
                content=new["content"],
                deadline_s=self._deadline_s,
                idempotency_key=key,
                fingerprint=fingerprint(conversation_id, new) if key is not None else None,
                request_id=self._request_id,
                key_id=self._principal.key_id,
                attachments=tuple(dict.fromkeys(new.get("attachments", ()))),
            ),
        )
        return self._view(message) if self._view is not None else message


def _error(ref: str | None, code: str, detail: str) -> StreamEvent:
    return StreamEvent(id="", type="error", data={"ref": ref, "code": code, "detail": detail})
