"""What an integrator does in the first hour, with both clients against one server that runs as in production."""

import contextlib
import hashlib
import hmac
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from answerback_client import Answerback, AsyncAnswerback, errors, webhooks

from tests.support import typescript_client
from tests.support.event_loops import run
from tests.support.processes import ROOT, free_port, running, wait_for
from tests.support.proxy import first_event, nothing, proxy_to
from tests.support.stack import KEY, Stack, stack
from worker.deliveries import signing
from worker.launch.up import sample_folder

HELP = "How do I reset my password?"
OUT_OF_SCOPE = "Who won the world cup in 1998?"


@pytest.fixture(scope="module")
def desk(tmp_path_factory, models) -> Iterator[Stack]:
    """An installation with all its workers."""
    home = tmp_path_factory.mktemp("home")
    settings = {"ANSWERBACK_CALLBACK_ALLOW": "127.0.0.0/8"}
    workers = ("answer", "callback", "ingest")
    with stack(home, models, workers=workers, sample=sample_folder(), **settings) as made:
        yield made


@pytest.fixture(scope="module")
def address(desk) -> tuple[str, int]:
    parts = urlsplit(desk.url)
    return str(parts.hostname), int(parts.port or 0)


@pytest.fixture
def client(desk) -> Iterator[Answerback]:
    with Answerback(KEY, desk.url) as made:
        yield made


def test_a_question_is_answered_with_its_sources(client):
    conversation = client.conversations.create(subject="Password", metadata={"shop": "north"})
    message = client.messages.create(conversation["id"], content=HELP)
    answered = client.messages.wait(message["id"], timeout_s=30)
    assert answered["state"] == "answered"
    assert answered["reply"]["citations"][0]["title"]
    rated = client.messages.rate(message["id"], rating="good")
    assert rated["feedback"]["rating"] == "good"


def test_the_events_of_an_answer_end_with_the_whole_message(client):
    message = client.tickets.create(body=HELP)
    with client.messages.stream(message["id"]) as stream:
        types = [event.type for event in stream]
    assert types[0] == "queued"
    assert types[-1] == "answered"
    assert stream.message["reply"]["content"] == stream.text


def test_a_stream_that_breaks_continues_after_the_last_event(desk, address, client):
    message = client.tickets.create(body=HELP)
    client.messages.wait(message["id"])
    with client.messages.stream(message["id"]) as whole:
        expected = list(whole)
    with proxy_to(address, first_event) as proxy, Answerback(KEY, proxy.url) as behind_proxy:
        with behind_proxy.messages.stream(message["id"]) as stream:
            received = list(stream)
    assert [event.id for event in received] == [event.id for event in expected]
    assert received[-1].data["reply"]["content"] == stream.text


def test_a_stream_that_continues_after_its_last_event_ends_at_once_with_the_outcome(client):
    message = client.messages.wait(client.tickets.create(body=HELP)["id"])
    last = list(client.messages.stream(message["id"]))[-1]
    again = client.messages.stream(message["id"], after=last.id)
    assert again.until_done()["state"] == "answered"


def test_a_ticket_whose_response_was_lost_exists_once(address, client):
    with proxy_to(address, nothing) as proxy, Answerback(KEY, proxy.url) as behind_proxy:
        message = behind_proxy.tickets.create(body=HELP, external_id="lost-response")
    (conversation,) = client.conversations.list(external_id="lost-response")
    sent = [one for one in client.conversations.list_messages(conversation["id"]) if one["role"] == "customer"]
    assert [one["id"] for one in sent] == [message["id"]]


def test_a_list_is_read_over_its_pages(client):
    for number in range(5):
        client.conversations.create(external_id=f"page-{number}", channel="pages")
    found = [one["external_id"] for one in client.conversations.list(channel="pages", limit=2)]
    assert found == [f"page-{number}" for number in reversed(range(5))]
    pages = list(client.conversations.list(channel="pages", limit=2).pages())
    assert [len(page.items) for page in pages] == [2, 2, 1]
    assert client.conversations.list(channel="pages", limit=2).page(pages[0].next_cursor) == pages[1]
    assert [one["active"] for one in client.snapshots.list()].count(True) == 1


def test_mistakes_are_told_apart_by_their_code(desk, client):
    with pytest.raises(errors.NotFound):
        client.messages.retrieve("msg_unknown")
    with pytest.raises(errors.Invalid) as raised:
        client.tickets.create(body="Help", callback_url="no address")
    assert [problem["field"] for problem in raised.value.errors] == ["callback_url"]
    assert raised.value.doc_url == f"{desk.url}/docs/errors#invalid"
    client.tickets.create(body="One", idempotency_key="used-twice")
    with pytest.raises(errors.IdempotencyMismatch):
        client.tickets.create(body="Another", idempotency_key="used-twice")
    with Answerback("wrong-key-0123456789", desk.url) as stranger, pytest.raises(errors.KeyRefused):
        stranger.status.retrieve()


@pytest.mark.parametrize("signature", ["hmac", "ed25519"])
def test_a_webhook_that_the_service_sent_is_verified(client, receiver, signature):
    endpoint = client.endpoints.create(url=receiver.url, events=["message.handed_off"], signature=signature)
    secret = endpoint["public_key"] or endpoint["secret"]
    message = client.messages.wait(client.tickets.create(body=OUT_OF_SCOPE)["id"])
    assert message["handoff"]["reason"] == "no_answer"
    wait_for(lambda: receiver.got, what="the webhook")
    headers, body = receiver.got[0]
    webhook = webhooks.verify(body, headers, secret)
    assert webhook.event["type"] == "message.handed_off"
    assert webhook.event["data"]["message"]["id"] == message["id"]
    assert webhook.id in {one["id"] for one in client.deliveries.list(endpoint=endpoint["id"])}
    with pytest.raises(errors.InvalidSignature):
        webhooks.verify(body.replace(b"handed_off", b"answered"), headers, secret)
    client.endpoints.delete(endpoint["id"])


def test_files_are_uploaded_indexed_and_found(client, tmp_path):
    file = tmp_path / "umbrellas.md"
    file.write_text("# Umbrellas\n\nUmbrellas are repaired free of charge for seven years.\n")
    document = client.documents.create_from_file(file, tags="umbrellas,repair")
    assert client.documents.wait(document["id"])["state"] == "ready"
    assert client.documents.retrieve(document["id"])["tags"] == ["umbrellas", "repair"]

    def first() -> str:
        return client.search.query(query="Are umbrellas repaired?", limit=1)["items"][0]["document_id"]

    wait_for(lambda: first() == document["id"], what="a worker that has opened the new snapshot")
    client.documents.delete(document["id"])
    attached = client.attachments.create(("note.txt", b"The order is 1001."))
    assert client.attachments.retrieve(attached["id"])["name"] == "note.txt"


def test_coroutines_tell_the_same_story(desk, address):
    async def story() -> None:
        async with AsyncAnswerback(KEY, desk.url) as client:
            conversation = await client.conversations.create(external_id="coroutines", channel="coroutines")
            message = await client.messages.create(conversation["id"], content=HELP)
            async with client.messages.stream(message["id"]) as stream:
                types = [event.type async for event in stream]
            assert types[-1] == "answered"
            assert await client.messages.wait(message["id"]) == stream.message
            listed = [one["role"] async for one in client.conversations.list_messages(conversation["id"], limit=1)]
            assert listed == ["customer", "assistant"]
            page = await client.conversations.list(channel="coroutines").page()
            assert [one["id"] for one in page.items] == [conversation["id"]]
            document = await client.documents.create(title="Hats", text="Hats are cleaned on Mondays.")
            assert (await client.documents.wait(document["id"]))["state"] == "ready"
            await client.documents.delete(document["id"])
            with pytest.raises(errors.NotFound):
                await client.documents.retrieve(document["id"])
        with proxy_to(address, first_event) as proxy:
            async with AsyncAnswerback(KEY, proxy.url) as client:
                assert (await client.messages.stream(message["id"]).until_done())["state"] == "answered"

    run(story)


@pytest.fixture(scope="module")
def node_env(desk) -> dict[str, str]:
    """The environment of a program of Node that uses the TypeScript client."""
    typescript_client.require_built()
    return {**os.environ, "ANSWERBACK_URL": desk.url, "ANSWERBACK_API_KEY": KEY}


def test_the_typescript_client_tells_the_same_story(address, node_env):
    with proxy_to(address, nothing) as dropping, proxy_to(address, first_event) as cutting:
        env = {**node_env, "DROPPING_URL": dropping.url, "CUTTING_URL": cutting.url}
        command = ["node", "--test", "--test-reporter=tap", "test/"]
        done = subprocess.run(
            command, cwd=typescript_client.FOLDER, env=env, capture_output=True, text=True, timeout=300, check=False
        )
    assert done.returncode == 0, done.stdout
    assert "# skipped 0" in done.stdout, done.stdout
    assert int(re.search(r"# pass (\d+)", done.stdout)[1]) >= 40


def test_the_readme_of_the_typescript_client_works_from_top_to_bottom(node_env, tmp_path):
    modules = tmp_path / "node_modules" / "@answerback"
    modules.mkdir(parents=True)
    (modules / "client").symlink_to(typescript_client.FOLDER)
    blocks = snippets(typescript_client.FOLDER / "README.md", "js")
    (tmp_path / "readme.mjs").write_text("\n".join(blocks))
    done = subprocess.run(
        ["node", "readme.mjs"], cwd=tmp_path, env=node_env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Forgot password" in done.stdout
    assert "not_found" in done.stdout


def test_the_readme_of_the_python_client_works_from_top_to_bottom(desk, monkeypatch, capsys):
    monkeypatch.setenv("ANSWERBACK_URL", desk.url)
    monkeypatch.setenv("ANSWERBACK_API_KEY", KEY)
    known: dict[str, Any] = {"run": run}
    for block in snippets(ROOT / "clients" / "python" / "README.md", "python"):
        exec(compile(block.replace("asyncio.run(main())", "run(main)"), "README.md", "exec"), known)
    said = capsys.readouterr().out
    assert "Forgot password" in said
    assert "not_found" in said
    secret = signing.new_secret()
    headers = signing.headers([secret], id="whd_1", timestamp=int(time.time()), body=b'{"type": "snapshot.published"}')
    assert known["receive"](b'{"type": "snapshot.published"}', headers, secret) == 204
    assert known["receive"](b"{}", headers, secret) == 401
    known["client"].close()


@pytest.mark.parametrize("page", ["README.md", "docs/howto/clients.md"])
def test_the_python_of_the_docs_works_from_top_to_bottom(desk, monkeypatch, tmp_path, capsys, page):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "api-key").write_text(f"{KEY}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANSWERBACK_URL", desk.url)
    monkeypatch.setenv("ANSWERBACK_API_KEY", KEY)
    monkeypatch.setenv("CALLBACK_SECRET", signing.new_secret())
    known: dict[str, Any] = {}
    for block in snippets(ROOT / page, "python"):
        exec(compile(block, page, "exec"), known)
    assert "Forgot password" in capsys.readouterr().out
    if "endpoint" in known:
        known["client"].endpoints.delete(known["endpoint"]["id"])


def snippets(page: Path, language: str) -> list[str]:
    """Return the blocks of a page in one language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.M | re.S)
    assert found, f"{page} has no block in {language}"
    return found


@contextlib.contextmanager
def flask_app(folder: str, tmp_path: Path, env: dict[str, str]) -> Iterator[tuple[str, Path]]:
    """Run an example for Flask; yield its address and the file with what it prints."""
    port, log = free_port(), tmp_path / "log"
    command = [sys.executable, "-m", "flask", "--app", "app", "run", "--port", str(port)]
    paths = {"PYTHONPATH": str(ROOT / "clients" / "python"), "NO_PROXY": "127.0.0.1"}
    with running(command, cwd=ROOT / "examples" / folder, env={**env, **paths}, log=log):
        wait_for(lambda: listens(port), what="the example")
        yield f"http://127.0.0.1:{port}", log


def listens(port: int) -> bool:
    with contextlib.closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def receives_what_the_service_sends(client: Answerback, url: str, secret: str, log: Path) -> None:
    """Let the service send an answer and a handoff to a receiver, which prints them and refuses others."""
    endpoint = client.endpoints.create(url=f"{url}/answerback", secret=secret)
    for body in (HELP, OUT_OF_SCOPE):
        client.messages.wait(client.tickets.create(body=body)["id"])
    wait_for(lambda: {"answered:", "for a human:"} <= set(re.findall(r"^[a-z ]+:", log.read_text(), re.M)))
    wait_for(lambda: not list(client.deliveries.list(endpoint=endpoint["id"], state="pending")), what="the deliveries")
    states = {one["state"] for one in client.deliveries.list(endpoint=endpoint["id"])}
    assert states == {"delivered"}
    client.endpoints.delete(endpoint["id"])
    short = json.dumps({"type": "message.answered", "data": {"id": "msg_1", "truncated": True}}).encode()
    known = signing.headers([secret], id="whd_short", timestamp=int(time.time()), body=short)
    assert httpx.post(
        f"{url}/answerback", content=short, headers={**known, "Content-Type": "application/json"}
    ).is_success
    wait_for(lambda: "message.answered in short" in log.read_text(), what="the short payload")
    forged = {"webhook-id": "whd_1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"}
    assert httpx.post(f"{url}/answerback", json={}, headers=forged).status_code == 401


def test_the_flask_receiver_takes_what_the_service_sends(client, tmp_path):
    secret = signing.new_secret()
    with flask_app("flask_receiver", tmp_path, {"CALLBACK_SECRET": secret}) as (url, log):
        receives_what_the_service_sends(client, url, secret, log)


def test_the_express_receiver_takes_what_the_service_sends(client, node_env, tmp_path):
    secret, port, log = signing.new_secret(), free_port(), tmp_path / "log"
    env = {"CALLBACK_SECRET": secret, "PORT": str(port)}
    with running(["node", "server.mjs"], cwd=ROOT / "examples" / "express_receiver", env=env, log=log):
        wait_for(lambda: listens(port), what="the example")
        receives_what_the_service_sends(client, f"http://127.0.0.1:{port}", secret, log)


def test_the_slack_command_answers_in_the_channel(desk, receiver, tmp_path):
    env = {
        "SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5",
        "ANSWERBACK_URL": desk.url,
        "ANSWERBACK_API_KEY": KEY,
    }
    with flask_app("slack_command", tmp_path, env) as (url, log):

        def command(text: str, secret: str = env["SLACK_SIGNING_SECRET"]) -> httpx.Response:
            body = urlencode({"command": "/ask", "text": text, "response_url": receiver.url}).encode()
            sent = str(int(time.time()))
            digest = hmac.new(secret.encode(), f"v0:{sent}:".encode() + body, hashlib.sha256).hexdigest()
            headers = {"X-Slack-Request-Timestamp": sent, "X-Slack-Signature": f"v0={digest}"}
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return httpx.post(f"{url}/slack/ask", content=body, headers=headers, timeout=3)

        assert command(HELP, "another secret").status_code == 401
        endless = {"X-Slack-Request-Timestamp": "1" * 5_000, "X-Slack-Signature": "v0=0"}
        assert httpx.post(f"{url}/slack/ask", data={}, headers=endless).status_code == 401
        assert "Looking for an answer" in command(HELP).json()["text"]
        wait_for(lambda: receiver.got, what=f"the answer; {log}")
        answer = json.loads(receiver.got[0][1])
        assert answer["response_type"] == "in_channel"
        assert "Forgot password" in answer["text"]
        assert "|Reset your password>" in answer["text"]
        assert "question" in command("  ").json()["text"]
        command(OUT_OF_SCOPE)
        wait_for(lambda: len(receiver.got) == 2, what="the word that there is no answer")
        assert json.loads(receiver.got[1][1])["response_type"] == "ephemeral"


def test_curl_is_enough(desk):
    env = {**os.environ, "KEY": KEY, "URL": desk.url}
    question = 'How do I reset my "password"?\nIt\'s lost: C:\\new.'
    done = subprocess.run(
        ["sh", str(ROOT / "examples" / "curl" / "ask.sh"), question],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    message = json.loads(done.stdout)
    assert message["state"] in {"answered", "handed_off"}
    assert message["content"] == question
