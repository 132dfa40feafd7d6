"""Streams through the real server: more than it has threads, over restarts, and without Redis."""

import contextlib
import http.client
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.faults.rig import Valkey
from tests.support.fakes import answer
from tests.support.processes import answers, wait_for
from tests.support.stack import KEY, Stack, command, services, stack

HELP = "How do I reset my password?"
MOST = 40


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
                ANSWERBACK_STREAMS_OF_KEY=str(MOST),
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
    messages = [submit(running) for _ in range(MOST)]
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
    with ThreadPoolExecutor(MOST) as pool:
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
