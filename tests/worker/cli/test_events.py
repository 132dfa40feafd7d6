"""Integrators try webhooks on a laptop: each event arrives signed and once, whatever happens to the connection."""

import base64
import hashlib
import hmac
import itertools
import json
import signal
import subprocess
import sys

import pytest

from tests.support.fakes import answer
from tests.support.processes import ROOT, wait_for
from tests.support.proxy import proxy_to
from worker.cli.events import line_of
from worker.cli.remote import Server, connect, follow
from worker.deliveries.outbox import TYPES


def _is_signed(headers, body, secret):
    headers = {name.lower(): value for name, value in headers.items()}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    return headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def _trigger(served, type="message.answered"):
    return served.remote.post("/v1/events/test", {"type": type})["id"]


def test_a_test_event_is_made_marked_and_sent_to_endpoints(remotely, served, receiver):
    served.services.endpoints.make(served.services.keys.workspace(), {"url": receiver.url})
    done = remotely("trigger", "message.handed_off")
    assert done.returncode == 0, done.stderr
    event = served.remote.get(f"/v1/events/{done.stdout.partition(':')[0]}")
    assert event["data"]["test"] is True
    assert event["data"]["message"]["handoff"]["reason"] == "no_answer"
    (delivery,) = served.remote.get("/v1/deliveries", type="message.handed_off")["items"]
    assert json.loads(served.remote.get(f"/v1/deliveries/{delivery['id']}")["payload"])["data"] == event["data"]


@pytest.mark.parametrize("type", list(TYPES))
def test_every_type_has_a_test_event(served, type):
    event = served.remote.get(f"/v1/events/{_trigger(served, type)}")
    assert (event["type"], event["data"]["test"]) == (type, True)
    assert event["data"].keys() - {"test"}


def test_a_wrong_type_is_named_with_the_nearest_one(remotely):
    done = remotely("trigger", "message.answerd")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean message.answered?" in done.stderr
    done = remotely("listen", "--events", "all")
    assert "There are message.answered, message.handed_off" in done.stderr


def test_an_event_is_sent_again_to_a_receiver_signed_and_its_failure_is_the_status(remotely, served, receiver):
    id = _trigger(served)
    secret = "whsec_" + base64.b64encode(b"s" * 32).decode()
    receiver.responses = [(500, {})]
    failed = remotely("listen", "--forward", receiver.url, "--replay", id, "--secret", secret)
    assert (failed.returncode, "→ 500" in failed.stdout) == (1, True)
    done = remotely("listen", "--forward", receiver.url, "--replay", id, "--secret", secret)
    assert (done.returncode, "→ 204" in done.stdout, "(test)" in done.stdout) == (0, True, True)
    for headers, body in receiver.got:
        assert _is_signed(headers, body, secret)
        assert json.loads(body)["type"] == "message.answered"
    gone = remotely("listen", "--forward", "http://127.0.0.1:9/hook", "--replay", id)
    assert "cannot be reached" in gone.stdout
    assert remotely("listen", "--forward", receiver.url, "--replay", "evt_0").returncode == 1
    assert remotely("listen", "--replay", id).returncode == 2
    assert "--secret" in remotely("listen", "--forward", receiver.url, "--secret", "x").stderr


def test_a_follower_misses_nothing_and_sees_nothing_twice_when_its_connection_is_cut(served):
    """Events come before, during and after the cut, while the server cannot be reached."""
    cursor = served.remote.get("/v1/events", cursor="now")["next_cursor"]
    with (
        proxy_to(("127.0.0.1", served.port)) as proxy,
        connect(Server(url=proxy.url, key=served.server.key, key_from="")) as remote,
    ):
        reasons = []

        def sleep(_seconds):
            ids.append(_trigger(served))
            proxy.heal()

        ids = [_trigger(served) for _ in range(3)]
        feed = follow(remote, cursor, interrupted=reasons.append, sleep=sleep, type="message.answered")
        seen = [event["id"] for event in itertools.islice(feed, 3)]
        proxy.refuse()  # and cut, if the server has not closed it: the next test cuts one that waits
        ids.append(_trigger(served))
        seen += [event["id"] for event in itertools.islice(feed, 2)]
        assert seen == ids
        assert len(reasons) == 1


def test_listening_goes_on_after_a_killed_connection_and_says_where_it_stopped(served, receiver, tmp_path):
    """The command as a process: its connection is killed while it waits, and it is stopped by Ctrl-C."""
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    env["ANSWERBACK_API_KEY"] = served.server.key
    with proxy_to(("127.0.0.1", served.port)) as proxy:
        command = [sys.executable, "-m", "worker.cli", "listen", "--url", proxy.url, "--forward", receiver.url]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen([*command, "--print-json"], env=env, cwd=ROOT, text=True, **pipes) as process:
            assert "Listening to" in (first := process.stderr.readline())
            ids = [_trigger(served)]
            wait_for(lambda: len(receiver.got) == 1)
            wait_for(proxy.reset)
            ids += [_trigger(served, "snapshot.published"), _trigger(served)]
            wait_for(lambda: len(receiver.got) == 3)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert [json.loads(line)["id"] for line in out.splitlines()] == ids
    assert "--cursor " in err
    assert [headers["webhook-id"] for headers, _body in receiver.got] == ids
    assert all(_is_signed(headers, body, first.split()[-1]) for headers, body in receiver.got)


def test_conversations_are_followed_in_lines(served):
    """A customer's message, what became of it, and what an agent wrote."""
    cursor = served.remote.get("/v1/events", cursor="now")["next_cursor"]
    sent = served.remote.post("/v1/tickets", {"body": "Where is\nmy parcel?", "requester": {"name": "Kari"}})
    claim = served.services.mailbox.claim_any()
    served.services.mailbox.finish(claim, answer("On its way."))
    served.remote.post(f"/v1/conversations/{sent['conversation_id']}/handoff", {"summary": "Please look."})
    events = served.remote.get("/v1/events", cursor=cursor)["items"]
    lines = [line.partition("  ")[2] for event in events if (line := line_of(event)) is not None]
    assert lines == ["Kari: Where is my parcel?", "assistant: On its way.", "handed off"]
    _trigger(served, "snapshot.published")
    assert line_of(served.remote.get("/v1/events", cursor=events[-1]["cursor"])["items"][0]) is None


def test_tail_prints_what_happens_until_it_is_stopped(served, remotely, tmp_path):
    assert remotely("tail", "conv_none").returncode == 1
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "HOME": str(tmp_path)}
    env |= {"ANSWERBACK_URL": served.server.url, "ANSWERBACK_API_KEY": served.server.key}
    command = [sys.executable, "-m", "worker.cli", "tail"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=env, cwd=ROOT, text=True, **pipes) as process:
        assert "Following all conversations" in process.stderr.readline()
        sent = served.remote.post("/v1/tickets", {"body": "Hello?"})
        assert process.stdout.readline().endswith(f"{sent['conversation_id']}  customer: Hello?\n")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 0
