"""Streams through the real server: more than it has threads, over restarts, and without Redis."""

import contextlib
import http.client
import json
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)

from tests.faults.rig import Valkey
from tests.support.fakes import answer
from tests.support.processes import answers, wait_for
from tests.support.stack import KEY, Stack, command, services, stack
from worker.conversations.outcomes import Piece

HELP = "How do I reset my password?"
MAX = 40


@pytest.fixture(scope="module")
def made(tmp_path_factory, models):
    """A web server of four threads, and nobody who answers."""
    home = tmp_path_factory.mktemp("home")
    (home / "valkey").mkdir()
    valkey = Valkey(home / "valkey")
    with contextlib.ExitStack() as exits:
        exits.callback(valkey.kill)
        running = exits.enter_context(
            stack(
                home,
                models,
                workers=(),
                ANSWERBACK_REDIS_URL=f"redis://127.0.0.1:{valkey.port}/0",
                ANSWERBACK_WEB_WORKERS="1",
                ANSWERBACK_WEB_THREADS="4",
                ANSWERBACK_STREAMS_OF_KEY=str(MAX),
                ANSWERBACK_DEADLINE_S="600",
            )
        )
        yield running, valkey, exits


def submit(made: Stack) -> dict:
    return made.call("POST", "/v1/tickets", {"body": HELP}).json


def finish(made: Stack, message: dict) -> None:
    with services(made.env) as built:
        built.mailbox.finish(built.mailbox.claim(message["conversation_id"]), answer("Use the link."))
        built.wakeups.send(message["conversation_id"])


def opened(made: Stack, path: str) -> http.client.HTTPResponse:
    """Open a stream and return its response with its head read."""
    connection = http.client.HTTPConnection(urlsplit(made.url).netloc, timeout=20)
    connection.request("GET", path, headers={"Authorization": f"Bearer {KEY}"})
    return connection.getresponse()


def test_many_read_along_with_few_threads_and_nobody_waits_for_them(made):
    running, _valkey, _exits = made
    messages = [submit(running) for _ in range(MAX)]
    responses = [opened(running, one["links"]["events"]) for one in messages]
    assert {one.status for one in responses} == {200}
    assert responses[0].headers["Content-Type"].startswith("text/event-stream")
    assert len(responses[0].headers["X-Request-ID"]) >= 16

    refused = opened(running, messages[0]["links"]["events"])
    assert refused.status == 429
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["Retry-After"] == "5"
    assert running.call("GET", messages[0]["links"]["self"]).status == 200

    with services(running.env) as built:
        for one in messages:
            built.mailbox.finish(built.mailbox.claim(one["conversation_id"]), answer("Use the link."))
            built.wakeups.send(one["conversation_id"])
    with ThreadPoolExecutor(MAX) as pool:
        texts = list(pool.map(lambda response: response.read().decode(), responses))
    assert all("event: answered" in text for text in texts)

    again = submit(running)
    with opened(running, again["links"]["events"]) as response:
        assert response.status == 200


def test_a_stream_goes_on_after_the_server_was_killed(made):
    running, _valkey, exits = made
    message = submit(running)
    told = running.stream(message["links"]["events"])
    first = next(told)
    assert first["type"] == "queued"
    os.killpg(running.pids["web"], signal.SIGKILL)
    with contextlib.suppress(OSError, http.client.HTTPException):
        assert list(told) == []
    running.pids["web"] = exits.enter_context(command(running, "web")).pid
    wait_for(lambda: answers(f"{running.url}/healthz"), what="the web server")
    finish(running, message)
    rest = list(running.stream(message["links"]["events"], last_id=first["id"]))
    assert [one["type"] for one in rest] == ["running", "answered"]


def test_without_redis_the_outcome_comes_all_the_same(made):
    running, valkey, _exits = made
    message = submit(running)
    told = running.stream(message["links"]["events"])
    assert next(told)["type"] == "queued"
    valkey.kill()
    try:
        finish(running, message)
        began = time.monotonic()
        assert [one["type"] for one in told] == ["running", "answered"]
        assert time.monotonic() - began < 10
    finally:
        valkey.start(empty=True)


class Socket:
    """A WebSocket client on a plain socket."""

    def __init__(self, made: Stack, path: str, **headers: str):
        self.connection = socket.create_connection(urlsplit(made.url).netloc.split(":"), timeout=20)
        self.protocol = WSConnection(ConnectionType.CLIENT)
        self.closed = None
        more = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.connection.sendall(self.protocol.send(Request(host="x", target=path, extra_headers=more)))
        self.status = None
        self.early = []  # what came together with the answer to the request
        while self.status is None:
            self.early += self._receive()

    def _receive(self):
        data = self.connection.recv(65_536)
        self.protocol.receive_data(data or None)
        found = []
        for one in self.protocol.events():
            if isinstance(one, AcceptConnection):
                self.status = 101
            elif isinstance(one, RejectConnection):
                self.status = one.status_code
            elif isinstance(one, TextMessage):
                found.append(json.loads(one.data))
            elif isinstance(one, Ping):
                self.connection.sendall(self.protocol.send(one.response()))
            elif isinstance(one, CloseConnection):
                self.closed = one.code
        return found

    def send(self, **message):
        self.connection.sendall(self.protocol.send(TextMessage(data=json.dumps(message))))

    def until(self, *types):
        """Return what comes until one of each of these types has come."""
        got, self.early = self.early, []
        while not set(types) <= {one["type"] for one in got} and self.closed is None:
            got += self._receive()
        return got

    def close(self):
        self.connection.close()


def token_for(made: Stack, talk: str) -> str:
    return made.call("POST", f"/v1/conversations/{talk}/token", {}).json["token"]


def test_a_customer_talks_over_a_web_socket(made):
    running, _valkey, _exits = made
    talk = running.call("POST", "/v1/conversations", {}).json["id"]
    path = f"/v1/conversations/{talk}/ws?token={token_for(running, talk)}"
    one = Socket(running, path)
    assert one.status == 101
    for _ in range(2):  # sent again, as after a connection that was lost
        one.send(type="message", content=HELP, ref="r1")
        (accepted,) = [told for told in one.until("accepted") if told["type"] == "accepted"]
        assert accepted["data"]["ref"] == "r1"
        assert accepted["data"]["message"]["content"] == HELP
    assert len(running.call("GET", f"/v1/conversations/{talk}/messages").json["items"]) == 1
    with services(running.env) as built:
        claim = built.mailbox.claim(talk)
        say = Piece(offset=0, text="Use the link.")
        built.deltas.add(talk, [message.id for message in claim.messages], take=claim.token, piece=say)
        told = one.until("running", "delta")
        assert [(one["data"]["offset"], one["data"]["text"]) for one in told if one["type"] == "delta"] == [
            (0, "Use the link.")
        ]
        late = Socket(running, path)  # in the middle of an answer
        assert [one["type"] for one in late.until("delta")] == ["delta"]
        late.close()
        built.mailbox.finish(claim, answer("Use the link."))
        built.wakeups.send(talk)
        (ended,) = [one for one in one.until("answered") if one["type"] == "answered"]
        assert ended["data"]["reply"]["content"] == "Use the link."
        assert "usage" not in ended["data"]["reply"]
        built.actions.reply(built.keys.workspace(), talk, content="Hello, I am Grace.", author="Grace")
        built.wakeups.send(talk)
    got = one.until("replied", "conversation.handed_off")
    assert [told["data"]["content"] for told in got if told["type"] == "replied"] == ["Hello, I am Grace."]
    assert "summary" not in json.dumps(got)
    one.close()
    again = Socket(running, f"{path}&after={ended['id']}")
    assert [told["type"] for told in again.until("replied")][-1] == "replied"
    again.close()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("nonsense", "malformed"),
        ("[]", "malformed"),
        ('{"type": "message"}', "invalid"),
        ('{"type": "shout", "content": "x"}', "invalid"),
        ('{"type": "message", "content": "x", "attachments": ["att_none"], "ref": "r"}', "invalid"),
        ('{"type": "message", "content": "\\ud800"}', "invalid"),  # nothing is left of it
    ],
)
def test_what_cannot_be_taken_is_told_and_the_connection_stays(made, sent, code):
    running, _valkey, _exits = made
    talk = running.call("POST", "/v1/conversations", {}).json["id"]
    one = Socket(running, f"/v1/conversations/{talk}/ws", Authorization=f"Bearer {KEY}")
    one.connection.sendall(one.protocol.send(TextMessage(data=sent)))
    (told,) = one.until("error")
    assert told["data"]["code"] == code
    one.send(type="message", content=HELP)
    assert "accepted" in {told["type"] for told in one.until("accepted")}
    one.close()


def test_a_web_socket_is_refused_as_any_request_is(made):
    running, _valkey, _exits = made
    talk, other = (running.call("POST", "/v1/conversations", {}).json["id"] for _ in range(2))
    assert Socket(running, f"/v1/conversations/{talk}/ws").status == 401
    assert Socket(running, f"/v1/conversations/{other}/ws?token={token_for(running, talk)}").status == 404
    assert running.call("GET", f"/v1/conversations/{talk}/ws").status == 400


def test_who_may_only_read_writes_nothing_and_who_lost_the_key_neither(made):
    running, _valkey, _exits = made
    talk = running.call("POST", "/v1/conversations", {}).json["id"]
    with services(running.env) as built:
        workspace_id = built.keys.workspace()
        reader = built.keys.make(workspace_id, name="reader", scopes=["read"])
        writer = built.keys.make(workspace_id, name="writer", scopes=["read", "write"])
        one = Socket(running, f"/v1/conversations/{talk}/ws", Authorization=f"Bearer {reader}")
        two = Socket(running, f"/v1/conversations/{talk}/ws", Authorization=f"Bearer {writer}")
        (key,) = [one["id"] for one in built.keys.all() if one["name"] == "writer"]
        built.keys.revoke(key)
    time.sleep(0.5)  # a key is trusted for a quarter of a second
    for client in (one, two):
        client.send(type="message", content="x", ref="r")
        (told,) = client.until("error")
        assert (told["data"]["ref"], told["data"]["code"]) == ("r", "forbidden")
        client.close()
    assert running.call("GET", f"/v1/conversations/{talk}/messages").json["items"] == []


def test_a_client_that_breaks_the_protocol_is_shown_out(made):
    running, _valkey, _exits = made
    talk = running.call("POST", "/v1/conversations", {}).json["id"]
    for data, code in ((BytesMessage(data=b"x"), 1003), (TextMessage(data="x" * 200_000), 1009)):
        one = Socket(running, f"/v1/conversations/{talk}/ws", Authorization=f"Bearer {KEY}")
        one.connection.sendall(one.protocol.send(data))
        one.until("never")
        assert one.closed == code
        one.close()
    one = Socket(running, f"/v1/conversations/{talk}/ws", Authorization=f"Bearer {KEY}")
    one.connection.sendall(b"\xff\xff\xff\xff garbage")
    one.until("never")
    assert one.closed == 1002
    one.close()
