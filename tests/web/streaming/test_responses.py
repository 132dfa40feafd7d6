"""Server-Sent Events as bytes, and whose socket can be taken."""

import socket
import ssl

import pytest

from web.streaming.feeds import StreamEvent
from web.streaming.responses import ServerSentEvents, socket_of

EVENTS = [
    StreamEvent(id="1", type="accepted", data={"id": "msg_1"}),
    StreamEvent(id="2", type="answered", data={"content": "Two\nlines\u2028é"}),
]


def test_the_head_ends_before_the_first_event_and_closes_the_connection():
    given = [("Content-Type", "text/event-stream"), ("Content-Length", "5"), ("Connection", "keep-alive")]
    head, _, rest = ServerSentEvents().head(given).partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [b"HTTP/1.1 200 OK", b"Content-Type: text/event-stream", b"Connection: close"]
    assert rest == b"retry: 2000\n\n"


def test_each_event_is_a_block_whose_data_is_one_line():
    first, second, end = ServerSentEvents().encode(EVENTS).decode().split("\n\n")
    assert first.splitlines() == ["id: 1", "event: accepted", 'data: {"id": "msg_1"}']
    assert len(second.splitlines()) == 3
    assert end == ""


def test_a_heartbeat_is_a_comment_and_what_a_client_sends_is_ignored():
    events = ServerSentEvents()
    assert events.heartbeat().startswith(b":")
    assert events.received(b"GET / HTTP/1.1") == (b"", [], False)
    assert events.closing() == b""


@pytest.fixture
def pair():
    near, far = socket.socketpair()
    with near, far:
        yield near


def test_a_plain_socket_of_gunicorn_can_be_taken(pair):
    assert socket_of({"gunicorn.socket": pair}) is pair


def test_no_socket_is_taken_of_another_server_of_http_2_or_of_tls(pair):
    assert socket_of({}) is None
    assert socket_of({"gunicorn.socket": object()}) is None
    assert socket_of({"gunicorn.socket": pair, "HTTP_VERSION": "2"}) is None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    with context.wrap_socket(pair, do_handshake_on_connect=False) as wrapped:
        assert socket_of({"gunicorn.socket": wrapped}) is None
